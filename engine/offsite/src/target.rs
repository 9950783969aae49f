//! Where copies go, as operators write it. The crate's root shows this to the outside.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where copies go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A folder, which must be there: one that is created on the fly would hide that a disk is
    /// not mounted.
    Folder(PathBuf),
    /// A bucket of an S3-compatible store.
    Bucket {
        /// Its name.
        bucket: String,
        /// What stands before every object's name; without slashes at its ends, may be empty.
        prefix: String,
    },
}

/// A target cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It is neither a folder nor a bucket.
    #[error("neither an absolute folder nor s3://bucket/prefix")]
    Form,
    /// Credentials stand in it. What stands in settings is copied into tickets.
    #[error("no credentials here: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead")]
    Credentials,
    /// The bucket's name is none.
    #[error("a bucket's name is 3 to 63 characters out of a-z 0-9 . -")]
    Bucket,
    /// The prefix cannot be one.
    #[error("a prefix is parts out of A-Z a-z 0-9 . _ - with a slash between them")]
    Prefix,
    /// The program has no part for it.
    #[error("this program was built without S3; build it with `--features s3`")]
    Unbuilt,
    /// A variable is missing.
    #[error("{0} is not set; an s3:// target needs it")]
    Variable(&'static str),
    /// The endpoint cannot be used.
    #[error("AWS_ENDPOINT: {0}")]
    Endpoint(&'static str),
    /// The client cannot be made.
    #[error("the client for the store: {0}")]
    Client(String),
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix("s3://") {
            if rest.contains('@') {
                return Err(TargetError::Credentials);
            }
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let prefix = prefix.trim_end_matches('/');
            let of_bucket = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte)
            };
            if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(of_bucket) {
                return Err(TargetError::Bucket);
            }
            if !prefix.is_empty() && super::check_name(prefix).is_err() {
                return Err(TargetError::Prefix);
            }
            return Ok(Self::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() });
        }
        let path = Path::new(text.strip_prefix("file://").unwrap_or(text));
        if !path.is_absolute() {
            return Err(TargetError::Form);
        }
        Ok(Self::Folder(path.to_owned()))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(out),
            Self::Bucket { bucket, prefix } if prefix.is_empty() => write!(out, "s3://{bucket}"),
            Self::Bucket { bucket, prefix } => write!(out, "s3://{bucket}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_folder_or_a_bucket() {
        let bucket = |bucket: &str, prefix: &str| {
            Ok(Target::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
        };
        let rows = [
            ("/mnt/copies", Ok(Target::Folder("/mnt/copies".into()))),
            (" file:///mnt/copies\n", Ok(Target::Folder("/mnt/copies".into()))),
            ("s3://shop-copies", bucket("shop-copies", "")),
            ("s3://shop-copies/", bucket("shop-copies", "")),
            ("s3://shop-copies/ring4/main/", bucket("shop-copies", "ring4/main")),
            ("copies", Err(TargetError::Form)),
            ("file://copies", Err(TargetError::Form)),
            ("https://example.org/copies", Err(TargetError::Form)),
            ("", Err(TargetError::Form)),
            ("s3://id:secret@shop-copies", Err(TargetError::Credentials)),
            ("s3://Shop", Err(TargetError::Bucket)),
            ("s3:///prefix", Err(TargetError::Bucket)),
            ("s3://shop-copies/a//b", Err(TargetError::Prefix)),
            ("s3://shop-copies/../other", Err(TargetError::Prefix)),
        ];
        for (text, expected) in rows {
            let found: Result<Target, _> = text.parse();
            assert_eq!(found, expected, "{text}");
            if let Ok(target) = found {
                assert_eq!(target.to_string().parse(), Ok(target), "{text} shown and read again");
            }
        }
    }
}
