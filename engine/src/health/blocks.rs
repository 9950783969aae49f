//! The file of what vendors hold against our account, `vendor-blocks.json` in the data folder.
//! Not in the journal: it is the vendor's opinion of the account and no act of the shop, and a
//! shop restored on another day has no use for it. Only `health` uses this.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use ring4_domain::ids::ProviderId;
use ring4_providers::{Block, RefusalReason};
use serde_json::{Value, json};

use crate::tasks;

/// The longest file that is read, in bytes.
const LEN_MAX: u64 = 64 * 1024;

pub(super) type Blocks = BTreeMap<ProviderId, Block>;

pub(super) struct BlocksFile {
    path: PathBuf,
    /// What it holds, as far as that is known.
    written: Option<Blocks>,
}

impl BlocksFile {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self { path: data_dir.join("vendor-blocks.json"), written: None }
    }

    /// What the last engine left. A file that cannot be read blocks nobody: the vendor will say
    /// it again.
    pub(super) fn read(&self) -> Blocks {
        let text = File::open(&self.path).and_then(|file| {
            let mut text = String::new();
            file.take(LEN_MAX).read_to_string(&mut text)?;
            Ok(text)
        });
        match text {
            Ok(text) => parse(&text).unwrap_or_else(|| {
                tracing::error!(path = %self.path.display(), "the file of blocks makes no sense");
                Blocks::new()
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Blocks::new(),
            Err(error) => {
                tracing::error!(path = %self.path.display(), %error, "blocks not read");
                Blocks::new()
            }
        }
    }

    /// Sees to it that the file holds these; does nothing where it does.
    pub(super) async fn write(&mut self, blocks: Blocks) {
        let is_known = self.written.as_ref() == Some(&blocks);
        if is_known || (self.written.is_none() && blocks.is_empty() && !self.path.exists()) {
            return;
        }
        let (path, text) = (self.path.clone(), format(&blocks));
        match tasks::block(move || replace(&path, &text)).await {
            Ok(Ok(())) => self.written = Some(blocks),
            // The next look tries again.
            Ok(Err(error)) => tracing::error!(%error, "blocks not written"),
            Err(error) => tracing::error!(%error, "blocks not written"),
        }
    }
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("part");
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn format(blocks: &Blocks) -> String {
    let rows = blocks.iter().map(|(provider, block)| {
        json!({ "provider": provider.as_str(), "account_throttled_until_ms": block.until_ms })
    });
    Value::Array(rows.collect()).to_string()
}

fn parse(text: &str) -> Option<Blocks> {
    let rows: Value = serde_json::from_str(text).ok()?;
    let block = |row: &Value| {
        let provider: ProviderId = row.get("provider")?.as_str()?.parse().ok()?;
        let until_ms = row.get("account_throttled_until_ms")?.as_i64()?;
        Some((provider, Block { reason: RefusalReason::AccountThrottled, until_ms }))
    };
    rows.as_array()?.iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_is_read_by_the_next_engine_and_noise_blocks_nobody() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = BlocksFile::new(folder.path());
        assert_eq!(file.read(), Blocks::new());
        file.write(Blocks::new()).await;
        assert!(!file.path.exists(), "nothing to keep, no file");
        let block = Block { reason: RefusalReason::AccountThrottled, until_ms: 1_799_000_000_000 };
        let blocks = Blocks::from([("smspool".parse().expect("an id"), block)]);
        file.write(blocks.clone()).await;
        assert_eq!(BlocksFile::new(folder.path()).read(), blocks);
        file.write(Blocks::new()).await;
        assert_eq!(BlocksFile::new(folder.path()).read(), Blocks::new());
        for noise in ["", "[", "{}", "[{}]", "[{\"provider\":\"\"}]", "[1]"] {
            fs::write(&file.path, noise).expect("a written file");
            assert_eq!(file.read(), Blocks::new(), "{noise}");
        }
    }
}
