//! Looks into a plugin file before any of its code runs, and makes the private copy that is
//! opened. The host imports this.
//!
//! The copy is named by the SHA-256 of its content and written from the very bytes that were
//! hashed and inspected, so nothing can be swapped in between; overwriting or truncating a file
//! that is mapped would crash the process, and the loader answers a path it knows with the old
//! code.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use object::elf::{EM_386, EM_AARCH64, EM_ARM, EM_RISCV, EM_X86_64, ET_DYN, FileHeader64};
use object::read::elf::{ElfFile64, FileHeader as _, ProgramHeader as _};
use object::{Endianness, Object as _, ObjectSegment as _, ObjectSymbol as _};
use ring4_provider_sdk::abi::{
    ABI_MAJOR, FLAG_PANIC_ABORT, HEADER_LEN, Header, MAGIC, PluginTable, SYMBOL,
};
use sha2::{Digest as _, Sha256};

use super::{LoadError, LoadRefusal};

/// The largest plugin file, in bytes; a debug build has about ten megabytes.
const FILE_LEN_MAX: u64 = 256 * 1024 * 1024;

/// Bytes of a 64-bit ELF header.
const ELF_HEADER_LEN: u64 = 64;

#[cfg(target_arch = "x86_64")]
const MACHINE: u16 = EM_X86_64;
#[cfg(target_arch = "aarch64")]
const MACHINE: u16 = EM_AARCH64;
#[cfg(target_arch = "riscv64")]
const MACHINE: u16 = EM_RISCV;

/// A plugin file that passed every check that needs no code of it to run.
pub struct PluginFile {
    path: PathBuf,
    bytes: Vec<u8>,
    sha256: String,
    header: Header,
}

impl PluginFile {
    /// SHA-256 of the file in hexadecimal, as `plugins.allow` lists it.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The ABI it speaks, major and minor.
    #[must_use]
    pub const fn abi(&self) -> (u32, u32) {
        (self.header.abi_major, self.header.abi_minor)
    }

    /// Where it was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its length in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) const fn header(&self) -> Header {
        self.header
    }

    /// Refuses a file that is not on the operator's list; an empty list allows all.
    pub(crate) fn check_allowed(&self, allow: &[String]) -> Result<(), LoadError> {
        if allow.is_empty() || allow.iter().any(|sha| sha.eq_ignore_ascii_case(&self.sha256)) {
            return Ok(());
        }
        let refusal = LoadRefusal::NotAllowed { sha256: self.sha256.clone() };
        Err(LoadError::new(&self.path, refusal))
    }

    /// Writes the private copy unless it lies there already, and returns its path.
    pub(crate) fn copy_to(&self, cache_dir: &Path) -> Result<PathBuf, LoadError> {
        let copy = cache_dir.join(format!("{}.so", self.sha256));
        let same = || -> std::io::Result<bool> {
            let mut file = File::open(&copy)?;
            let mut bytes = Vec::with_capacity(self.bytes.len());
            file.read_to_end(&mut bytes)?;
            Ok(bytes == self.bytes)
        };
        if same().unwrap_or(false) {
            return Ok(copy);
        }
        let write = || -> std::io::Result<()> {
            fs::create_dir_all(cache_dir)?;
            // A name of its own per process and thread: two may start at once on one folder.
            let thread = format!("{:?}", std::thread::current().id());
            let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
            let part = copy.with_extension(format!("{}-{thread}.part", std::process::id()));
            let mut file = File::create(&part)?;
            file.write_all(&self.bytes)?;
            file.sync_all()?;
            fs::rename(&part, &copy)
        };
        write().map_err(|error| {
            let refusal = LoadRefusal::Cache { dir: cache_dir.to_owned(), error };
            LoadError::new(&self.path, refusal)
        })?;
        Ok(copy)
    }
}

/// Reads a file and makes every check that needs none of its code to run: a shared library for
/// this machine, whole, with our symbol, our magic, our ABI, and built to unwind.
///
/// # Errors
/// The first check it does not pass, on one line that names the file.
pub fn inspect(path: &Path) -> Result<PluginFile, LoadError> {
    let refuse = |refusal| LoadError::new(path, refusal);
    let bytes = read(path).map_err(refuse)?;
    let header = check(&bytes).map_err(refuse)?;
    let mut sha256 = String::with_capacity(64);
    for byte in Sha256::digest(&bytes) {
        // Writing to a string cannot fail.
        let _ = write!(sha256, "{byte:02x}");
    }
    Ok(PluginFile { path: path.to_owned(), bytes, sha256, header })
}

fn read(path: &Path) -> Result<Vec<u8>, LoadRefusal> {
    let mut bytes = Vec::new();
    // Asked before the file is opened: opening a pipe would wait for its other end.
    let meta = fs::metadata(path).map_err(LoadRefusal::Unreadable)?;
    if !meta.is_file() {
        return Err(LoadRefusal::NotALibrary);
    }
    if meta.len() > FILE_LEN_MAX {
        return Err(LoadRefusal::TooLarge { len: meta.len(), max: FILE_LEN_MAX });
    }
    let file = File::open(path).map_err(LoadRefusal::Unreadable)?;
    file.take(FILE_LEN_MAX).read_to_end(&mut bytes).map_err(LoadRefusal::Unreadable)?;
    if bytes.is_empty() { Err(LoadRefusal::Empty) } else { Ok(bytes) }
}

fn check(bytes: &[u8]) -> Result<Header, LoadRefusal> {
    check_elf(bytes)?;
    let header = plugin_header(bytes)?;
    if header.magic != MAGIC {
        return Err(LoadRefusal::Magic);
    }
    if header.abi_major != ABI_MAJOR {
        return Err(LoadRefusal::Abi { major: header.abi_major, minor: header.abi_minor });
    }
    let needed = size_of::<PluginTable>();
    if usize::try_from(header.table_size).unwrap_or_default() < needed {
        return Err(LoadRefusal::Table { len: header.table_size, needed });
    }
    if header.flags & FLAG_PANIC_ABORT != 0 {
        return Err(LoadRefusal::PanicAbort);
    }
    Ok(header)
}

/// A whole shared library for this machine. The loader itself is no judge of wholeness: it
/// crashes on a file cut in the middle and opens one whose tail is missing.
fn check_elf(bytes: &[u8]) -> Result<(), LoadRefusal> {
    const BITS_64: u8 = 2;
    let endian_here = if cfg!(target_endian = "little") { 1 } else { 2 };
    if !bytes.starts_with(b"\x7fELF") {
        return Err(LoadRefusal::NotALibrary);
    }
    let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if len < ELF_HEADER_LEN {
        return Err(LoadRefusal::Truncated { needed: ELF_HEADER_LEN, len });
    }
    let foreign =
        |built_for| LoadRefusal::Architecture { built_for, machine: std::env::consts::ARCH };
    if bytes.get(4) != Some(&BITS_64) || bytes.get(5) != Some(&endian_here) {
        return Err(foreign("another word size or byte order".to_owned()));
    }
    let damaged = |error: object::read::Error| LoadRefusal::Damaged(error.to_string());
    let header = FileHeader64::<Endianness>::parse(bytes).map_err(damaged)?;
    let endian = header.endian().map_err(damaged)?;
    let machine = header.e_machine(endian);
    if machine != MACHINE {
        return Err(foreign(machine_name(machine)));
    }
    if header.e_type(endian) != ET_DYN {
        return Err(LoadRefusal::NotALibrary);
    }
    let table =
        |offset: u64, rows: u16, row: u16| offset.saturating_add(u64::from(rows) * u64::from(row));
    let sections =
        table(header.e_shoff(endian), header.e_shnum(endian), header.e_shentsize(endian));
    let segments =
        table(header.e_phoff(endian), header.e_phnum(endian), header.e_phentsize(endian));
    let mut needed = sections.max(segments);
    if needed <= len {
        for segment in header.program_headers(endian, bytes).map_err(damaged)? {
            let (offset, size) = segment.file_range(endian);
            needed = needed.max(offset.saturating_add(size));
        }
    }
    if needed > len { Err(LoadRefusal::Truncated { needed, len }) } else { Ok(()) }
}

/// The 32 bytes behind our symbol, read out of the file.
fn plugin_header(bytes: &[u8]) -> Result<Header, LoadRefusal> {
    let damaged = |error: object::read::Error| LoadRefusal::Damaged(error.to_string());
    let elf = ElfFile64::<Endianness>::parse(bytes).map_err(damaged)?;
    let symbol = elf
        .dynamic_symbols()
        .find(|symbol| symbol.is_definition() && symbol.name_bytes() == Ok(SYMBOL.as_bytes()))
        .ok_or(LoadRefusal::NoSymbol)?;
    let len = u64::try_from(HEADER_LEN).unwrap_or_default();
    for segment in elf.segments() {
        if let Some(found) = segment.data_range(symbol.address(), len).map_err(damaged)? {
            let found: &[u8; HEADER_LEN] = found.try_into().map_err(|_| LoadRefusal::Magic)?;
            return Ok(Header::from_bytes(found));
        }
    }
    Err(LoadRefusal::Damaged(format!("{SYMBOL} lies outside the file")))
}

fn machine_name(machine: u16) -> String {
    match machine {
        EM_X86_64 => "x86_64".to_owned(),
        EM_AARCH64 => "aarch64".to_owned(),
        EM_ARM => "arm".to_owned(),
        EM_386 => "x86".to_owned(),
        EM_RISCV => "riscv".to_owned(),
        other => format!("machine type {other}"),
    }
}
