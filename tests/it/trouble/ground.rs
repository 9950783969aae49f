//! Ground to put a data folder on: a small file system of its own, or files whose calls fail on
//! demand. Only `trouble` uses it. What the machine does not allow is said, and skipped.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Runs a program; what it said where it failed.
fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let done = Command::new(program).args(arguments).output();
    let done = done.map_err(|error| format!("{program}: {error}"))?;
    let words = String::from_utf8_lossy(&done.stderr).trim().to_owned();
    if done.status.success() { Ok(()) } else { Err(format!("{program}: {words}")) }
}

/// Says why a test is not played, and that it was not.
///
/// It goes past the test's own output, which nobody sees of a test that passes.
pub fn skip(reason: &str) {
    let said = std::io::stderr().write_all(format!("SKIPPED: {reason}\n").as_bytes());
    said.expect("a place for words");
}

/// A mounted file system, gone with the value.
pub struct Mount {
    place: TempDir,
    /// What it is made of, where that is a file.
    image: Option<PathBuf>,
    _folder: Option<TempDir>,
}

impl Mount {
    /// A file system in memory of this size.
    pub fn tmpfs(mib: u32) -> Result<Self, String> {
        let place = tempfile::tempdir().expect("a folder");
        let (path, size) = (place.path().to_string_lossy().into_owned(), format!("size={mib}m"));
        run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", &path])?;
        Ok(Self { place, image: None, _folder: None })
    }

    /// An ext4 in a file of this size.
    pub fn ext4(mib: u64) -> Result<Self, String> {
        let place = tempfile::tempdir().expect("a folder");
        let folder = tempfile::tempdir().expect("a folder");
        let image = folder.path().join("image");
        fs::File::create(&image).and_then(|file| file.set_len(mib << 20)).expect("an image");
        // What cuts the power later.
        run("python3", &["-c", "import fcntl"])?;
        run("mkfs.ext4", &["-q", "-m", "0", &image.to_string_lossy()])?;
        let mount = Self { place, image: Some(image), _folder: Some(folder) };
        mount.mount()?;
        Ok(mount)
    }

    fn path(&self) -> String {
        self.place.path().to_string_lossy().into_owned()
    }

    fn mount(&self) -> Result<(), String> {
        let image = self.image.as_ref().expect("an image").to_string_lossy();
        run("mount", &["-o", "loop", &image, &self.path()])
    }

    /// The data folder on it.
    pub fn data(&self) -> PathBuf {
        self.place.path().join("data")
    }

    /// Cuts the power: what was not synced is lost, what runs meets errors.
    pub fn cut(&self) {
        // EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH.
        let words = format!(
            "import fcntl,os,struct; \
             fcntl.ioctl(os.open({:?},0),0x8004587D,struct.pack('I',2))",
            self.path()
        );
        run("python3", &["-c", &words]).expect("a power cut");
    }

    /// What a machine does that starts again.
    pub fn start_again(&self) {
        let end = Instant::now() + Duration::from_secs(10);
        // A program that looked at the state for a start that was killed may still be there.
        while let Err(error) = run("umount", &[&self.path()]) {
            assert!(Instant::now() < end, "{error}");
        }
        self.mount().expect("a mounted disk");
    }

    /// Takes writes, `rw`, or takes none, `ro`; the latter only while nobody writes.
    pub fn remount(&self, how: &str) {
        run("mount", &["-o", &format!("remount,{how}"), &self.path()]).expect("a remounted disk");
    }

    /// Leaves no room.
    pub fn fill(&self) {
        let mut file = fs::File::create(self.place.path().join("ballast")).expect("a file");
        for piece in [1 << 20, 4096, 1] {
            let bytes = vec![1; piece];
            loop {
                match file.write(&bytes) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    /// Leaves so many bytes less room.
    pub fn fill_by(&self, bytes: usize) {
        fs::write(self.place.path().join("ballast"), vec![1; bytes]).expect("a file");
    }

    /// Gives the room back.
    pub fn empty(&self) {
        fs::remove_file(self.place.path().join("ballast")).expect("a removed file");
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if let Err(error) = run("umount", &["-l", &self.path()]) {
            println!("{error}");
        }
    }
}

/// File calls that fail when told to.
pub struct Faults {
    folder: TempDir,
}

impl Faults {
    /// Builds the library that makes calls fail.
    pub fn new() -> Result<Self, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/trouble/faultio.c");
        let library = folder.path().join("faultio.so");
        let (source, target) = (source.to_string_lossy(), library.to_string_lossy());
        run("cc", &["-shared", "-fPIC", "-O1", "-o", &target, &source])?;
        Ok(Self { folder })
    }

    /// What a process must be started with.
    pub fn env(&self) -> [(&'static str, String); 2] {
        let path = |name| self.folder.path().join(name).to_string_lossy().into_owned();
        [("LD_PRELOAD", path("faultio.so")), ("FAULTIO", path("rules"))]
    }

    /// From now on these calls fail.
    pub fn set(&self, rules: &str) {
        let beside = self.folder.path().join("rules.part");
        fs::write(&beside, rules).expect("rules");
        fs::rename(beside, self.folder.path().join("rules")).expect("rules in place");
    }

    /// From now on nothing fails.
    pub fn clear(&self) {
        fs::remove_file(self.folder.path().join("rules")).expect("removed rules");
    }
}
