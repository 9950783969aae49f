//! Every file that is not loaded, and why: one line that names the file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring4_providers::{
    LoadError, LoadRefusal, PluginOptions, ProviderOptions, Registry, describe, inspect,
    plugin_path,
};
use serde_json::json;

use crate::world::provider;

/// Where plugin files are crafted.
struct Workshop {
    dir: tempfile::TempDir,
    good: Vec<u8>,
}

/// Offsets in a 64-bit ELF header.
const CLASS: usize = 4;
const BYTE_ORDER: usize = 5;
const TYPE: usize = 16;
const MACHINE: usize = 18;
const PROGRAM_HEADER_SIZE: usize = 54;

/// Offsets behind the plugin's magic.
const ABI_MAJOR: usize = 16;
const TABLE_SIZE: usize = 24;
const FLAGS: usize = 28;

impl Workshop {
    fn open() -> Self {
        let path = plugin_path(None, "provider_mock").expect("our own folder");
        let good = std::fs::read(path).expect("cargo built it beside this test");
        Self { dir: tempfile::tempdir().expect("a temporary folder"), good }
    }

    /// Where the plugin's table lies in the file: the magic, followed by ABI 1.0.
    fn table(&self) -> usize {
        let head = [b"ring4-provider\r\n".as_slice(), &1_u32.to_ne_bytes(), &[0; 4]].concat();
        let mut places = self.good.windows(head.len()).enumerate();
        let found = places.find(|(_, window)| *window == head);
        found.expect("the table").0
    }

    fn patched(&self, place: usize, bytes: &[u8]) -> Vec<u8> {
        let mut file = self.good.clone();
        file[place..place + bytes.len()].copy_from_slice(bytes);
        file
    }

    fn write(&self, stem: &str, bytes: &[u8]) -> PathBuf {
        let path = plugin_path(Some(self.dir.path()), stem).expect("a plain name");
        std::fs::write(&path, bytes).expect("written");
        path
    }

    fn options(&self) -> PluginOptions {
        PluginOptions {
            dir: Some(self.dir.path().to_owned()),
            cache_dir: self.dir.path().join("cache"),
            allow: Vec::new(),
        }
    }

    fn load(&self, providers: Vec<ProviderOptions>, plugins: &PluginOptions) -> Option<LoadError> {
        Registry::load(providers, plugins, Arc::new(|| 0_i64)).err()
    }
}

fn one_line(error: &LoadError, path: &Path) -> String {
    let line = error.to_string();
    assert!(!line.contains('\n'), "{line}");
    assert!(line.starts_with(&format!("plugin {}: ", path.display())), "{line}");
    line
}

type Row = (&'static str, Vec<u8>, String);

/// Files that are no whole shared library for this machine.
fn broken_files(shop: &Workshop) -> Vec<Row> {
    let len = shop.good.len();
    let needed =
        |cut: usize| format!("truncated: its headers describe {len} bytes, the file has {cut}");
    let here = std::env::consts::ARCH;
    vec![
        ("empty", Vec::new(), "the file is empty".to_owned()),
        ("text", b"#!/bin/sh\nexit 0\n".to_vec(), "not a shared library".to_owned()),
        ("page", b"<html></html>".to_vec(), "not a shared library".to_owned()),
        ("object", shop.patched(TYPE, &[1, 0]), "not a shared library".to_owned()),
        (
            "stub",
            shop.good[..20].to_vec(),
            "truncated: its headers describe 64 bytes, the file has 20".to_owned(),
        ),
        ("cut_early", shop.good[..len * 3 / 10].to_vec(), needed(len * 3 / 10)),
        ("cut_late", shop.good[..len * 9 / 10].to_vec(), needed(len * 9 / 10)),
        ("cut_tail", shop.good[..len - 1].to_vec(), needed(len - 1)),
        ("arm", shop.patched(MACHINE, &[40, 0]), format!("built for arm, this machine is {here}")),
        (
            "odd",
            shop.patched(MACHINE, &[0, 9]),
            format!("built for machine type 2304, this machine is {here}"),
        ),
        (
            "small",
            shop.patched(CLASS, &[1]),
            format!("built for another word size or byte order, this machine is {here}"),
        ),
        (
            "endian",
            shop.patched(BYTE_ORDER, &[if cfg!(target_endian = "little") { 2 } else { 1 }]),
            format!("built for another word size or byte order, this machine is {here}"),
        ),
        ("damaged", shop.patched(PROGRAM_HEADER_SIZE, &[3, 0]), "damaged: ".to_owned()),
    ]
}

/// Whole libraries whose table is not one of ours.
fn foreign_tables(shop: &Workshop) -> Vec<Row> {
    let table = shop.table();
    vec![
        (
            "magic",
            shop.patched(table, b"ring5"),
            "its ring4_provider_plugin does not begin with the plugin magic".to_owned(),
        ),
        (
            "abi_two",
            shop.patched(table + ABI_MAJOR, &2_u32.to_ne_bytes()),
            "speaks plugin ABI 2.0, this engine speaks 1.x".to_owned(),
        ),
        (
            "abi_none",
            shop.patched(table + ABI_MAJOR, &0_u32.to_ne_bytes()),
            "speaks plugin ABI 0.0, this engine speaks 1.x".to_owned(),
        ),
        (
            "short",
            shop.patched(table + TABLE_SIZE, &40_u32.to_ne_bytes()),
            "its table has 40 bytes, this ABI needs".to_owned(),
        ),
        (
            "abort",
            shop.patched(table + FLAGS, &1_u32.to_ne_bytes()),
            "built with panic = \"abort\"".to_owned(),
        ),
    ]
}

#[test]
fn a_file_that_is_no_good_plugin_is_not_opened() {
    let shop = Workshop::open();
    for (stem, bytes, want) in broken_files(&shop).into_iter().chain(foreign_tables(&shop)) {
        let path = shop.write(stem, &bytes);
        let error = inspect(&path).err().unwrap_or_else(|| panic!("{stem} passed"));
        let line = one_line(&error, &path);
        assert!(line.contains(&want), "{stem}: {line}");
        let error = shop.load(vec![provider(stem, json!({}))], &shop.options());
        assert_eq!(error.map(|error| error.to_string()), Some(line), "{stem}");
    }
    assert!(!shop.dir.path().join("cache").exists(), "nothing was copied, so nothing was opened");
}

#[test]
fn a_file_that_is_not_there_or_no_file_is_refused() {
    let shop = Workshop::open();
    let missing = plugin_path(Some(shop.dir.path()), "missing").expect("a plain name");
    let error = inspect(&missing).err().expect("refused");
    assert!(one_line(&error, &missing).contains("cannot be read: No such file"), "{error}");
    let folder = plugin_path(Some(shop.dir.path()), "folder").expect("a plain name");
    std::fs::create_dir(&folder).expect("a folder");
    let error = inspect(&folder).err().expect("refused");
    assert!(one_line(&error, &folder).contains("not a shared library"), "{error}");
    let own = std::env::current_exe().expect("this test");
    let error = inspect(&own).err().expect("refused");
    let line = one_line(&error, &own);
    assert!(line.contains("exports no symbol ring4_provider_plugin"), "{line}");
    for stem in ["", "../evil", "a/b", "a.b", "é"] {
        let error = plugin_path(None, stem).err();
        assert!(error.is_some(), "{stem} was taken for a name");
    }
}

#[test]
fn what_the_loader_refuses_is_told_in_its_words() {
    let shop = Workshop::open();
    let name = b"\0libc.so.6\0";
    let places: Vec<_> =
        shop.good.windows(name.len()).enumerate().filter(|(_, window)| window == name).collect();
    let mut bytes = shop.good.clone();
    for (place, _) in &places {
        bytes[place + 1..place + 10].copy_from_slice(b"libX.so.6");
    }
    assert!(!places.is_empty(), "the plugin needs the C library");
    let path = shop.write("needy", &bytes);
    let error = shop.load(vec![provider("needy", json!({}))], &shop.options()).expect("refused");
    let line = one_line(&error, &path);
    assert!(line.contains("the loader refused it: libX.so.6: cannot open shared object"), "{line}");
}

#[test]
fn what_the_operator_configured_wrong_is_named() {
    let shop = Workshop::open();
    let good = shop.write("good", &shop.good);
    let sha256 = inspect(&good).expect("a good plugin").sha256().to_owned();
    let allow = |sha256: &str| {
        let allow = vec!["00".repeat(32), sha256.to_owned()];
        PluginOptions { allow, ..shop.options() }
    };
    let plain = || provider("good", json!({}));
    assert!(shop.load(vec![plain()], &allow(&sha256.to_uppercase())).is_none());
    let wrong_base = |base_url: &str| {
        let base_url = Some(base_url.to_owned());
        vec![ProviderOptions { base_url, ..plain() }]
    };
    std::fs::write(shop.dir.path().join("file"), b"").expect("written");
    let cache_dir = shop.dir.path().join("file");
    let bad_cache = PluginOptions { cache_dir, ..shop.options() };
    for (providers, plugins, want) in [
        (vec![plain()], allow("11"), format!("its SHA-256 {sha256} is not in plugins.allow")),
        (vec![plain()], bad_cache, "cannot be copied to".to_owned()),
        (
            vec![provider("good", json!({"sede": 1}))],
            shop.options(),
            "provider vendor: settings: unknown field `sede`, expected `seed` or".to_owned(),
        ),
        (
            vec![provider("good", json!(7))],
            shop.options(),
            "provider vendor: settings: settings are not a map of keys and values".to_owned(),
        ),
        (vec![plain(), plain()], shop.options(), "vendor: is configured twice".to_owned()),
        (
            wrong_base("http://vendor.example"),
            shop.options(),
            "provider vendor: base_url: only https is allowed".to_owned(),
        ),
        (
            wrong_base("vendor.example"),
            shop.options(),
            "provider vendor: base_url: the address is not a URL".to_owned(),
        ),
    ] {
        let error = shop.load(providers, &plugins).unwrap_or_else(|| panic!("loaded: {want}"));
        let line = one_line(&error, &good);
        assert!(line.contains(&want), "{want}: {line}");
    }
}

#[test]
fn a_missing_key_is_named_before_the_first_call() {
    let cache = tempfile::tempdir().expect("a temporary folder");
    let cache_dir = cache.path().to_owned();
    let plugins = PluginOptions { dir: None, cache_dir, allow: Vec::new() };
    for secrets in [
        BTreeMap::new(),
        BTreeMap::from([("api_key".to_owned(), ring4_providers::Secret::new(""))]),
    ] {
        let options = ProviderOptions { secrets, ..provider("provider_smspool", json!({})) };
        let Err(error) = Registry::load(vec![options], &plugins, Arc::new(|| 0_i64)) else {
            panic!("loaded without a key")
        };
        let named =
            matches!(&error.refusal, LoadRefusal::Secret { secret, .. } if secret == "api_key");
        assert!(named, "{error}");
    }
}

#[test]
fn every_plugin_of_the_project_is_a_good_one() {
    let stems = ["provider_mock", "provider_smspool", "minimal_plugin", "misbehaving_plugin"];
    let cache = tempfile::tempdir().expect("a temporary folder");
    let mut sums = std::collections::BTreeSet::new();
    for stem in stems {
        let file = inspect(&plugin_path(None, stem).expect("our own folder"));
        let file = file.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(file.abi(), (1, 0), "{stem}");
        sums.insert(file.sha256().to_owned());
        let manifest = describe(&file, cache.path()).unwrap_or_else(|error| panic!("{error}"));
        assert!(stem.contains(manifest.name.as_str()), "{stem} calls itself {}", manifest.name);
    }
    assert_eq!(sums.len(), stems.len());
}

#[test]
fn the_private_copy_is_repaired_when_it_was_changed() {
    let shop = Workshop::open();
    let good = shop.write("good", &shop.good);
    let sha256 = inspect(&good).expect("a good plugin").sha256().to_owned();
    let cache = shop.options().cache_dir;
    std::fs::create_dir(&cache).expect("a folder");
    let copy = cache.join(format!("{sha256}.so"));
    std::fs::write(&copy, b"something else").expect("written");
    assert!(shop.load(vec![provider("good", json!({}))], &shop.options()).is_none());
    assert!(std::fs::read(&copy).expect("the copy") == shop.good);
    let files = std::fs::read_dir(&cache).expect("the cache").count();
    assert_eq!(files, 1, "no partial file is left");
}
