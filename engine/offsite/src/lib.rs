//! A place for copies on another disk or another machine: a folder, or a bucket of an
//! S3-compatible store. The middle of the engine imports this; this imports nobody of the engine
//! and knows files and bytes only.
//!
//! What is put here is never overwritten: an object that is there with the same content is as
//! good as put, one with other content is a conflict with a name. The one exception is
//! [`Offsite::replace`], for files that grow.
//!
//! ```text
//! target    where it is, as operators write it       folder    the place on another disk
//! bucket    the place at an S3-compatible store (feature `s3`)
//! ```

#[cfg(feature = "s3")]
mod bucket;
mod folder;
mod target;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

pub use target::{Target, TargetError};

/// How long one operation may take on what fits into memory.
const OPERATION_WITHIN: Duration = Duration::from_secs(60);

/// How long a whole file may take per MiB, beyond [`OPERATION_WITHIN`]: a line of 128 KiB/s.
const PER_MIB_WITHIN: Duration = Duration::from_secs(8);

/// Objects in one listing, at most.
pub const LISTING_LEN_MAX: usize = 1_000_000;

/// Bytes of an object that is put or fetched in one piece, at most.
pub const OBJECT_LEN_MAX: usize = 64 << 20;

/// Bytes of a name, at most; what S3 allows for a whole key, less room for the prefix.
const NAME_LEN_MAX: usize = 512;

/// An operation failed.
#[derive(Debug, thiserror::Error)]
pub enum OffsiteError {
    /// The target cannot be used at all.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The name is not one that every kind of place can hold.
    #[error("{0:?} cannot be the name of a copy")]
    Name(String),
    /// Another object has this name already, and it stays.
    #[error("{0} is there already with another content; it is not overwritten")]
    Conflict(String),
    /// Nothing has this name.
    #[error("{0} is not there")]
    Missing(String),
    /// The object is larger than it may be.
    #[error("{name} has {bytes} bytes, more than {max}")]
    Large {
        /// Which.
        name: String,
        /// Its size.
        bytes: u64,
        /// What is allowed.
        max: u64,
    },
    /// Less came than the object's size.
    #[error("{name} ended after {found} of {due} bytes")]
    Short {
        /// Which.
        name: String,
        /// What came.
        found: u64,
        /// What should have come.
        due: u64,
    },
    /// The place holds more than can be listed.
    #[error("{0}/ holds more than {LISTING_LEN_MAX} objects")]
    Many(String),
    /// A file of this machine, or of the folder.
    #[error("{doing} {}: {source}", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The store said no, or nothing.
    #[error("{doing} {name}: {reason}")]
    Store {
        /// What was being done.
        doing: &'static str,
        /// To which object.
        name: String,
        /// What it said, shortened.
        reason: String,
    },
    /// It took too long; whether it was done is not known.
    #[error("{doing} {name}: no answer within {} s", within.as_secs())]
    Slow {
        /// What was being done.
        doing: &'static str,
        /// To which object.
        name: String,
        /// How long was waited.
        within: Duration,
    },
}

/// What became of a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// The object is new.
    New,
    /// It was there already, with this content.
    There,
}

/// An object in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When it was put, by the place's own clock.
    pub put_at: SystemTime,
}

/// A place for copies; cheap to clone.
#[derive(Clone, Debug)]
pub struct Offsite {
    target: Target,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Folder(folder::Folder),
    #[cfg(feature = "s3")]
    Bucket(bucket::Bucket),
}

impl Offsite {
    /// Makes ready for a target, without touching it yet. Credentials, region and endpoint of a
    /// store are looked up by their usual names: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
    /// `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT`, `AWS_ALLOW_HTTP`.
    ///
    /// # Errors
    /// A variable is missing, or this program was built without what the target needs.
    pub fn open(
        target: Target,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, TargetError> {
        let place = match &target {
            Target::Folder(path) => Place::Folder(folder::Folder::new(path)),
            #[cfg(feature = "s3")]
            Target::Bucket { bucket, prefix } => {
                Place::Bucket(bucket::Bucket::open(bucket, prefix, &variable)?)
            }
            #[cfg(not(feature = "s3"))]
            Target::Bucket { .. } => {
                let _ = variable;
                return Err(TargetError::Unbuilt);
            }
        };
        Ok(Self { target, place })
    }

    /// Where it is.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// Puts bytes under a name that nothing else has.
    ///
    /// # Errors
    /// The name is taken by another content, or the place failed; then the outcome is not known.
    pub async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<Put, OffsiteError> {
        check_name(name)?;
        check_len(name, bytes.len() as u64, OBJECT_LEN_MAX as u64)?;
        let hash = blake3::hash(&bytes);
        let put = async {
            match &self.place {
                Place::Folder(folder) => folder.put(name, bytes).await,
                #[cfg(feature = "s3")]
                Place::Bucket(bucket) => bucket.put(name, bytes).await,
            }
        };
        match within("put", name, OPERATION_WITHIN, put).await? {
            Put::New => Ok(Put::New),
            // Somebody put it, perhaps this program before a crash. Only its content tells.
            Put::There => match self.get(name, OBJECT_LEN_MAX).await {
                Ok(there) if blake3::hash(&there) == hash => Ok(Put::There),
                Ok(_) | Err(OffsiteError::Large { .. }) => {
                    Err(OffsiteError::Conflict(name.to_owned()))
                }
                Err(error) => Err(error),
            },
        }
    }

    /// Puts a whole file under a name that nothing else has, in pieces, so that its size costs
    /// no memory. The file must not change meanwhile.
    ///
    /// # Errors
    /// The name is taken by an object of another size, the file cannot be read, or the place
    /// failed; then the outcome is not known.
    pub async fn put_file(&self, name: &str, path: &Path) -> Result<Put, OffsiteError> {
        check_name(name)?;
        let bytes = tokio::fs::metadata(path).await.map_err(failed("read the size of", path))?;
        let bytes = bytes.len();
        let put = async {
            match &self.place {
                Place::Folder(folder) => folder.put_file(name, path).await,
                #[cfg(feature = "s3")]
                Place::Bucket(bucket) => bucket.put_file(name, path, bytes).await,
            }
        };
        match within("put", name, long(bytes), put).await? {
            Put::New => Ok(Put::New),
            // Reading gigabytes back would cost more than it proves: such files prove themselves.
            Put::There => match self.size(name).await? {
                there if there == bytes => Ok(Put::There),
                _ => Err(OffsiteError::Conflict(name.to_owned())),
            },
        }
    }

    /// Puts bytes under a name, in place of whatever is there. Only for files that grow.
    ///
    /// # Errors
    /// The place failed; whether the former or the new content stands is not known.
    pub async fn replace(&self, name: &str, bytes: Vec<u8>) -> Result<(), OffsiteError> {
        check_name(name)?;
        check_len(name, bytes.len() as u64, OBJECT_LEN_MAX as u64)?;
        let replace = async {
            match &self.place {
                Place::Folder(folder) => folder.replace(name, bytes).await,
                #[cfg(feature = "s3")]
                Place::Bucket(bucket) => bucket.replace(name, bytes).await,
            }
        };
        within("replace", name, OPERATION_WITHIN, replace).await
    }

    /// Everything right under `folder`, by name. What a crash left half-put is not listed.
    ///
    /// # Errors
    /// The place failed, or there are too many.
    pub async fn list(&self, folder: &str) -> Result<Vec<Object>, OffsiteError> {
        check_name(folder)?;
        let list = async {
            match &self.place {
                Place::Folder(place) => place.list(folder).await,
                #[cfg(feature = "s3")]
                Place::Bucket(bucket) => bucket.list(folder).await,
            }
        };
        // A thousand names come with one answer; a million take a while.
        let mut objects = within("list", folder, 5 * OPERATION_WITHIN, list).await?;
        objects.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(objects)
    }

    /// The size of an object.
    ///
    /// # Errors
    /// It is not there, or the place failed.
    pub async fn size(&self, name: &str) -> Result<u64, OffsiteError> {
        check_name(name)?;
        let size = async {
            match &self.place {
                Place::Folder(folder) => folder.size(name).await,
                #[cfg(feature = "s3")]
                Place::Bucket(bucket) => bucket.size(name).await,
            }
        };
        within("look at", name, OPERATION_WITHIN, size).await
    }

    /// An object's bytes, at most `bytes_max` of them.
    ///
    /// # Errors
    /// It is not there, larger, came short, or the place failed.
    pub async fn get(&self, name: &str, bytes_max: usize) -> Result<Vec<u8>, OffsiteError> {
        check_name(name)?;
        let max = bytes_max.min(OBJECT_LEN_MAX) as u64;
        let get = async {
            match &self.place {
                Place::Folder(folder) => folder.get(name, max).await,
                #[cfg(feature = "s3")]
                Place::Bucket(bucket) => bucket.get(name, max).await,
            }
        };
        within("fetch", name, OPERATION_WITHIN, get).await
    }

    /// Fetches an object into a file that is not there yet. The file gets its name only when it
    /// is whole and durable.
    ///
    /// # Errors
    /// It is not there, came short, the file cannot be written, or the place failed.
    pub async fn fetch(&self, name: &str, to: &Path) -> Result<(), OffsiteError> {
        let bytes = self.size(name).await?;
        let fetch = async {
            match &self.place {
                Place::Folder(folder) => folder.fetch(name, to).await,
                #[cfg(feature = "s3")]
                Place::Bucket(bucket) => bucket.fetch(name, to).await,
            }
        };
        within("fetch", name, long(bytes), fetch).await
    }

    /// Removes an object; one that is not there is removed already.
    ///
    /// # Errors
    /// The place failed.
    pub async fn delete(&self, name: &str) -> Result<(), OffsiteError> {
        check_name(name)?;
        let delete = async {
            match &self.place {
                Place::Folder(folder) => folder.delete(name).await,
                #[cfg(feature = "s3")]
                Place::Bucket(bucket) => bucket.delete(name).await,
            }
        };
        within("delete", name, OPERATION_WITHIN, delete).await
    }
}

/// Names are plain, so that each kind of place can hold them and none reaches out of its folder.
fn check_name(name: &str) -> Result<(), OffsiteError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with(folder::PART)
            && part.bytes().all(plain)
    };
    if name.len() <= NAME_LEN_MAX && name.split('/').all(part) {
        Ok(())
    } else {
        Err(OffsiteError::Name(name.chars().take(64).collect()))
    }
}

fn check_len(name: &str, bytes: u64, max: u64) -> Result<(), OffsiteError> {
    if bytes > max {
        return Err(OffsiteError::Large { name: name.to_owned(), bytes, max });
    }
    Ok(())
}

/// How long a file of this size may take.
fn long(bytes: u64) -> Duration {
    let mib = u32::try_from(bytes >> 20).unwrap_or(u32::MAX);
    OPERATION_WITHIN.saturating_add(PER_MIB_WITHIN.saturating_mul(mib))
}

async fn within<T>(
    doing: &'static str,
    name: &str,
    within: Duration,
    operation: impl Future<Output = Result<T, OffsiteError>>,
) -> Result<T, OffsiteError> {
    match tokio::time::timeout(within, operation).await {
        Ok(result) => result,
        Err(_) => Err(OffsiteError::Slow { doing, name: name.to_owned(), within }),
    }
}

/// Names the file and the operation in an error.
fn failed<'a>(
    doing: &'static str,
    path: &'a Path,
) -> impl FnOnce(std::io::Error) -> OffsiteError + 'a {
    move |source| OffsiteError::File { doing, path: path.to_owned(), source }
}
