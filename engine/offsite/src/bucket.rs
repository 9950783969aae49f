//! Copies in a bucket of an S3-compatible store. The crate's root alone uses this.
//!
//! Small objects are put with `If-None-Match: *`, so the store itself refuses to overwrite. Its
//! multipart uploads, for whole files, know no such condition in this client: there the name is
//! looked up before the first piece and again before the last step. An upload that is broken off
//! leaves nothing under the name.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use object_store::{
    ClientOptions, Error, GetResult, MultipartUpload, ObjectStore, PutMode, PutOptions, PutPayload,
    RetryConfig,
};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::folder::part_of;
use super::{LISTING_LEN_MAX, Object, OffsiteError, Put, TargetError, check_len, failed};

/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long one request may take; at most a piece goes with it.
const REQUEST_WITHIN: Duration = Duration::from_secs(50);
/// Repetitions of a request at once; whoever ships waits longer and asks again.
const RETRIES_MAX: usize = 2;
/// How long after its beginning a request is not repeated any more.
const RETRY_WITHIN: Duration = Duration::from_secs(10);
/// Bytes of a file that are sent with one request; it has the memory to itself.
const PIECE_LEN: u64 = 8 << 20;
/// Pieces of one file, at most; the protocol's own limit.
const PIECES_MAX: u64 = 10_000;
/// Characters of what a store says that are shown.
const REASON_LEN_MAX: usize = 300;

/// A bucket and the prefix in it.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    store: Arc<AmazonS3>,
    prefix: String,
}

impl Bucket {
    pub(super) fn open(
        bucket: &str,
        prefix: &str,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, TargetError> {
        let given = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let needed = |name: &'static str| given(name).ok_or(TargetError::Variable(name));
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_access_key_id(needed("AWS_ACCESS_KEY_ID")?)
            .with_secret_access_key(needed("AWS_SECRET_ACCESS_KEY")?)
            .with_region(given("AWS_REGION").unwrap_or_else(|| "us-east-1".to_owned()));
        if let Some(token) = given("AWS_SESSION_TOKEN") {
            builder = builder.with_token(token);
        }
        let mut options =
            ClientOptions::new().with_timeout(REQUEST_WITHIN).with_connect_timeout(CONNECT_WITHIN);
        if let Some(endpoint) = given("AWS_ENDPOINT") {
            let endpoint = endpoint.trim().trim_end_matches('/');
            let open = given("AWS_ALLOW_HTTP").is_some_and(|value| value.trim() == "true");
            if endpoint.contains('@') {
                return Err(TargetError::Endpoint("no credentials here"));
            }
            if let Some(host) = endpoint.strip_prefix("http://") {
                // What does not leave the machine needs no secrecy on the way.
                if !open && !is_loopback(host) {
                    let advice = "is not https; AWS_ALLOW_HTTP=true allows it";
                    return Err(TargetError::Endpoint(advice));
                }
                options = options.with_allow_http(true);
            } else if !endpoint.starts_with("https://") {
                return Err(TargetError::Endpoint("is not an http or https address"));
            }
            builder = builder.with_endpoint(endpoint);
        }
        let retry = RetryConfig {
            max_retries: RETRIES_MAX,
            retry_timeout: RETRY_WITHIN,
            ..RetryConfig::default()
        };
        let store = builder.with_client_options(options).with_retry(retry).build();
        let store = store.map_err(|error| TargetError::Client(short(&error)))?;
        Ok(Self { store: Arc::new(store), prefix: prefix.to_owned() })
    }

    fn key(&self, name: &str) -> Key {
        if self.prefix.is_empty() {
            Key::from(name)
        } else {
            Key::from(format!("{}/{name}", self.prefix))
        }
    }

    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<Put, OffsiteError> {
        let options = PutOptions::from(PutMode::Create);
        let put = self.store.put_opts(&self.key(name), PutPayload::from(bytes), options).await;
        match put {
            Ok(_) => Ok(Put::New),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(Put::There),
            Err(error) => Err(told("put", name, &error)),
        }
    }

    pub(super) async fn put_file(
        &self,
        name: &str,
        path: &Path,
        len: u64,
    ) -> Result<Put, OffsiteError> {
        check_len(name, len, PIECE_LEN * PIECES_MAX)?;
        let mut file = File::open(path).await.map_err(failed("open", path))?;
        if len <= PIECE_LEN {
            let bytes = read_piece(&mut file, path).await?;
            return self.put(name, bytes).await;
        }
        if self.is_there(name).await? {
            return Ok(Put::There);
        }
        let upload = self.store.put_multipart(&self.key(name)).await;
        let mut upload = upload.map_err(|error| told("put", name, &error))?;
        let sent = self.send(name, path, &mut file, upload.as_mut()).await;
        if !matches!(sent, Ok(Put::New)) {
            // What the store keeps of a broken upload costs money but harms nothing; the first
            // error is the one to tell.
            let _ = upload.abort().await;
        }
        sent
    }

    async fn send(
        &self,
        name: &str,
        path: &Path,
        file: &mut File,
        upload: &mut dyn MultipartUpload,
    ) -> Result<Put, OffsiteError> {
        loop {
            let bytes = read_piece(file, path).await?;
            if bytes.is_empty() {
                break;
            }
            let part = upload.put_part(PutPayload::from(bytes));
            part.await.map_err(|error| told("put", name, &error))?;
        }
        if self.is_there(name).await? {
            return Ok(Put::There);
        }
        upload.complete().await.map_err(|error| told("put", name, &error))?;
        Ok(Put::New)
    }

    async fn is_there(&self, name: &str) -> Result<bool, OffsiteError> {
        match self.size(name).await {
            Ok(_) => Ok(true),
            Err(OffsiteError::Missing(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn replace(&self, name: &str, bytes: Vec<u8>) -> Result<(), OffsiteError> {
        let put = self.store.put(&self.key(name), PutPayload::from(bytes)).await;
        put.map(drop).map_err(|error| told("replace", name, &error))
    }

    pub(super) async fn list(&self, folder: &str) -> Result<Vec<Object>, OffsiteError> {
        let prefix = self.key(folder);
        let mut listing = self.store.list(Some(&prefix));
        let mut objects = Vec::new();
        while let Some(meta) = listing.next().await {
            let meta = meta.map_err(|error| told("list", folder, &error))?;
            let mut parts = meta.location.prefix_match(&prefix).into_iter().flatten();
            let (Some(name), None) = (parts.next(), parts.next()) else { continue };
            if objects.len() >= LISTING_LEN_MAX {
                return Err(OffsiteError::Many(folder.to_owned()));
            }
            objects.push(Object {
                name: format!("{folder}/{}", name.as_ref()),
                bytes: meta.size,
                put_at: meta.last_modified.into(),
            });
        }
        Ok(objects)
    }

    pub(super) async fn size(&self, name: &str) -> Result<u64, OffsiteError> {
        let meta = self.store.head(&self.key(name)).await;
        Ok(meta.map_err(|error| told("look at", name, &error))?.size)
    }

    async fn begin(&self, name: &str) -> Result<GetResult, OffsiteError> {
        self.store.get(&self.key(name)).await.map_err(|error| told("fetch", name, &error))
    }

    pub(super) async fn get(&self, name: &str, max: u64) -> Result<Vec<u8>, OffsiteError> {
        let result = self.begin(name).await?;
        let due = result.meta.size;
        check_len(name, due, max)?;
        let mut bytes = Vec::new();
        let mut stream = result.into_stream();
        while let Some(piece) = stream.next().await {
            bytes.extend_from_slice(&piece.map_err(|error| told("fetch", name, &error))?);
            check_len(name, bytes.len() as u64, max)?;
        }
        whole(name, bytes.len() as u64, due)?;
        Ok(bytes)
    }

    pub(super) async fn fetch(&self, name: &str, to: &Path) -> Result<(), OffsiteError> {
        let result = self.begin(name).await?;
        let due = result.meta.size;
        let part = part_of(to);
        let mut file = File::create(&part).await.map_err(failed("create", &part))?;
        let mut stream = result.into_stream();
        let mut found = 0_u64;
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|error| told("fetch", name, &error))?;
            found = found.saturating_add(piece.len() as u64);
            file.write_all(&piece).await.map_err(failed("write", &part))?;
        }
        whole(name, found, due)?;
        file.sync_all().await.map_err(failed("sync", &part))?;
        tokio::fs::rename(&part, to).await.map_err(failed("rename", &part))?;
        let Some(dir) = to.parent() else { return Ok(()) };
        let dir_file = File::open(dir).await.map_err(failed("open", dir))?;
        dir_file.sync_all().await.map_err(failed("sync", dir))
    }

    pub(super) async fn delete(&self, name: &str) -> Result<(), OffsiteError> {
        match self.store.delete(&self.key(name)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(told("delete", name, &error)),
        }
    }
}

async fn read_piece(file: &mut File, path: &Path) -> Result<Vec<u8>, OffsiteError> {
    let mut bytes = Vec::new();
    file.take(PIECE_LEN).read_to_end(&mut bytes).await.map_err(failed("read", path))?;
    Ok(bytes)
}

fn whole(name: &str, found: u64, due: u64) -> Result<(), OffsiteError> {
    if found == due {
        return Ok(());
    }
    Err(OffsiteError::Short { name: name.to_owned(), found, due })
}

/// The host of an address without scheme, compared by what it must be as a whole.
fn is_loopback(address: &str) -> bool {
    let authority = address.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => authority.split(':').next(),
    };
    matches!(host, Some("localhost" | "127.0.0.1" | "::1"))
}

fn told(doing: &'static str, name: &str, error: &Error) -> OffsiteError {
    let name = name.to_owned();
    match error {
        Error::NotFound { .. } => OffsiteError::Missing(name),
        _ => OffsiteError::Store { doing, name, reason: short(error) },
    }
}

/// What went wrong with its causes on one line, shortened: some stores answer with whole pages.
/// Credentials travel in headers, which no error shows.
fn short(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text = format!("{text}: {next_text}");
        }
        cause = next.source();
    }
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(REASON_LEN_MAX).collect()
}
