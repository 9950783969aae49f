//! A plugin file replaced while calls are made through it.

use std::path::Path;
use std::sync::Arc;

use ring4_providers::{
    LoadRefusal, OrderStatus, PluginOptions, Purchase, Registry, SwapError, plugin_path,
};
use serde_json::json;

use crate::vendor::{Reply, Vendor};
use crate::world::{START_MS, provider, want};

fn library(stem: &str) -> Vec<u8> {
    std::fs::read(plugin_path(None, stem).expect("our own folder")).expect("a plugin")
}

/// The same code as another file: bytes behind the end of a library mean nothing.
fn next(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend_from_slice(b"a later build");
    bytes
}

struct Folder {
    folder: tempfile::TempDir,
    registry: Arc<Registry>,
}

impl Folder {
    fn open(vendor: &Vendor) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("libvendor_plugin.so");
        std::fs::write(&file, library("misbehaving_plugin")).expect("written");
        let mut options = provider("vendor_plugin", json!({}));
        options.base_url = Some(vendor.base_url.clone());
        let plugins = PluginOptions {
            dir: Some(folder.path().to_owned()),
            cache_dir: folder.path().join("cache"),
            allow: Vec::new(),
        };
        let registry = Registry::load(vec![options], &plugins, Arc::new(|| START_MS));
        Self { folder, registry: Arc::new(registry.expect("a registry")) }
    }

    /// As a linker or a copy does it: over the old file, in place.
    fn write(&self, bytes: &[u8]) {
        let file = self.folder.path().join("libvendor_plugin.so");
        std::fs::write(file, bytes).expect("written");
    }
}

#[tokio::test]
async fn a_new_file_takes_over_and_calls_under_way_end_with_the_old_one() {
    let (release, gate) = tokio::sync::watch::channel(false);
    let vendor = Vendor::open(move |path, before| match (path, before) {
        // The first check waits for the swap.
        ("/ok", 0) => Reply::Wait(gate.clone()),
        _ => Reply::Say("200 OK", "{}".to_owned()),
    })
    .await;
    let folder = Folder::open(&vendor);
    let id = provider("vendor_plugin", json!({})).id;
    let (registry, asked) = (Arc::clone(&folder.registry), id.clone());
    let waiting = tokio::spawn(async move { registry.check(&asked, "ORDER-1").await });
    vendor.until_requests(1).await;
    let same = folder.registry.swap(&id).await.expect("the same file");
    assert_eq!(same.from, same.to);
    folder.write(&next(library("misbehaving_plugin")));
    let swap = folder.registry.swap(&id).await.expect("a good file");
    assert_ne!(swap.from.sha256, swap.to.sha256);
    assert_eq!(folder.registry.status()[0].sha256, swap.to.sha256);
    assert_eq!(folder.registry.check(&id, "ORDER-1").await, Ok(OrderStatus::Waiting));
    assert!(!waiting.is_finished());
    release.send_replace(true);
    assert_eq!(waiting.await.expect("no panic"), Ok(OrderStatus::Waiting));
    folder.registry.shutdown().await;
}

#[tokio::test]
async fn a_file_that_is_no_good_leaves_the_old_plugin_in_use() {
    let vendor = Vendor::open(|path, _| match path {
        "/ok" => Reply::Say("200 OK", "{}".to_owned()),
        _ => Reply::Say("200 OK", "<html>".to_owned()),
    })
    .await;
    let folder = Folder::open(&vendor);
    let id = provider("vendor_plugin", json!({})).id;
    let before = folder.registry.status()[0].sha256.clone();
    let good = library("misbehaving_plugin");
    for (what, bytes, fits) in [
        ("cut", good[..good.len() / 2].to_vec(), "truncated"),
        ("empty", Vec::new(), "empty"),
        ("another vendor's", library("provider_mock"), "is the plugin `mock`"),
        ("one that cannot read its vendor", library("minimal_plugin"), "is the plugin `minimal`"),
    ] {
        folder.write(&bytes);
        let error = folder.registry.swap(&id).await.expect_err(what).to_string();
        assert!(error.contains(fits), "{what}: {error}");
        let status = &folder.registry.status()[0];
        assert_eq!(status.sha256, before, "{what}");
        assert_eq!(folder.registry.check(&id, "ORDER-1").await, Ok(OrderStatus::Waiting));
    }
    std::fs::remove_file(folder.folder.path().join("libvendor_plugin.so")).expect("removed");
    let error = folder.registry.swap(&id).await.expect_err("no file");
    let unreadable = matches!(&error, SwapError::Load(error)
        if matches!(error.refusal, LoadRefusal::Unreadable(_)));
    assert!(unreadable, "{error}");
    let bought = folder.registry.buy(&id, &want("ring4", "0.30")).await;
    assert!(matches!(bought, Purchase::Bought { .. }), "{bought:?}");
}

#[tokio::test]
async fn a_plugin_that_makes_no_sense_of_its_vendor_is_not_taken() {
    let vendor = Vendor::open(|_, _| Reply::Say("200 OK", "<html>".to_owned())).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("libprovider_smspool.so");
    std::fs::write(&file, library("provider_smspool")).expect("written");
    let mut options = provider("provider_smspool", serde_json::Value::Null);
    options.base_url = Some(vendor.base_url.clone());
    let id = options.id.clone();
    let cache_dir = folder.path().join("cache");
    let plugins =
        PluginOptions { dir: Some(folder.path().to_owned()), cache_dir, allow: Vec::new() };
    let registry = Registry::load(vec![options], &plugins, Arc::new(|| START_MS));
    let registry = registry.expect("a registry");
    write(&file, &next(library("provider_smspool")));
    let error = registry.swap(&id).await.expect_err("no balance to read");
    assert!(matches!(&error, SwapError::Tried(why) if why.contains("no sense")), "{error}");
}

fn write(file: &Path, bytes: &[u8]) {
    std::fs::write(file, bytes).expect("written");
}
