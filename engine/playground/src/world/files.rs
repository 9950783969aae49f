//! Uploaded files, kept in memory within a limit. Only this crate.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

/// How many bytes of files are kept in all; the oldest go first.
const FILES_BYTES_MAX: usize = 128 << 20;

/// The largest photo, in bytes.
pub(crate) const PHOTO_BYTES_MAX: usize = 10 << 20;

/// The largest document, in bytes.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 50 << 20;

/// A file as stored.
#[derive(Debug)]
pub(crate) struct StoredFile {
    pub id: String,
    pub name: String,
    pub bytes: Bytes,
    pub picture: Option<Picture>,
}

/// What the first bytes tell of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub mime: &'static str,
    pub width: u32,
    pub height: u32,
}

/// All files.
#[derive(Default)]
pub(crate) struct Files {
    files: VecDeque<Arc<StoredFile>>,
    bytes: usize,
    count: u64,
}

impl StoredFile {
    /// The content type to serve it with. Only pictures we recognised by their bytes may show in
    /// the browser; everything else is a download, so that an upload cannot become a page.
    pub fn safe_mime(&self) -> &'static str {
        self.picture.map_or("application/octet-stream", |picture| picture.mime)
    }

    /// Where the page finds it.
    pub fn link(&self) -> String {
        format!("/playground/files/{}", self.id)
    }

    /// The `PhotoSize` the Bot API shows.
    pub fn photo_json(&self) -> Value {
        let (width, height) = self.picture.map_or((0, 0), |p| (p.width, p.height));
        json!({
            "file_id": self.id, "file_unique_id": self.unique_id(),
            "width": width, "height": height, "file_size": self.bytes.len(),
        })
    }

    /// The `Document` the Bot API shows.
    pub fn document_json(&self) -> Value {
        json!({
            "file_id": self.id, "file_unique_id": self.unique_id(), "file_name": self.name,
            "mime_type": self.safe_mime(), "file_size": self.bytes.len(),
        })
    }

    fn unique_id(&self) -> &str {
        self.id.rsplit('_').next().unwrap_or_default()
    }
}

impl Files {
    /// Stores an upload.
    pub fn store(&mut self, name: String, bytes: Bytes) -> Arc<StoredFile> {
        self.count += 1;
        self.bytes += bytes.len();
        let picture = picture_of(&bytes);
        // The name must survive a header and a tidy download folder.
        let name: String = name
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' '))
            .take(100)
            .collect();
        let name = if name.trim_matches(['.', ' ']).is_empty() { "file".to_owned() } else { name };
        let id = format!("PLAYGROUND_{:08}", self.count);
        let file = Arc::new(StoredFile { id, name, bytes, picture });
        self.files.push_back(Arc::clone(&file));
        while self.bytes > FILES_BYTES_MAX
            && let Some(oldest) = self.files.pop_front()
        {
            self.bytes -= oldest.bytes.len();
        }
        file
    }

    /// A file by its id.
    pub fn get(&self, id: &str) -> Option<Arc<StoredFile>> {
        self.files.iter().find(|file| file.id == id).cloned()
    }
}

/// Recognises PNG, JPEG, GIF and WebP by their first bytes, as far as the playground needs it.
fn picture_of(bytes: &[u8]) -> Option<Picture> {
    let big = |at: usize| {
        let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(four))
    };
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some(Picture { mime: "image/png", width: big(16)?, height: big(20)? });
    }
    if bytes.starts_with(b"GIF8") {
        let little = |at: usize| {
            let two: [u8; 2] = bytes.get(at..at + 2)?.try_into().ok()?;
            Some(u32::from(u16::from_le_bytes(two)))
        };
        return Some(Picture { mime: "image/gif", width: little(6)?, height: little(8)? });
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        // Its size sits in one of three chunk kinds; the page does not need it.
        return Some(Picture { mime: "image/webp", width: 1, height: 1 });
    }
    bytes.starts_with(b"\xff\xd8\xff").then(|| {
        let (width, height) = jpeg_size(bytes).unwrap_or((1, 1));
        Picture { mime: "image/jpeg", width, height }
    })
}

/// Walks a JPEG's segments to the frame header.
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let head: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        let [0xff, marker, high, low] = head else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let size: [u8; 4] = bytes.get(at + 5..at + 9)?.try_into().ok()?;
            let [h1, h0, w1, w0] = size;
            let width = u32::from(u16::from_be_bytes([w1, w0]));
            return Some((width, u32::from(u16::from_be_bytes([h1, h0]))));
        }
        at += 2 + length.max(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row<'a> = (&'a [u8], Option<(&'a str, u32, u32)>);

    #[test]
    fn pictures_are_known_by_their_bytes() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\x90";
        let gif = b"GIF89a\x0a\x00\x14\x00";
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08\x00\x20\x00\x40";
        let table: &[Row] = &[
            (png, Some(("image/png", 640, 400))),
            (gif, Some(("image/gif", 10, 20))),
            (jpeg, Some(("image/jpeg", 64, 32))),
            (b"\xff\xd8\xff\xe0", Some(("image/jpeg", 1, 1))),
            (b"<svg onload=alert(1)>", None),
            (b"\x89PNG\r\n\x1a\n", None),
            (b"", None),
        ];
        for (bytes, expected) in table {
            let found = picture_of(bytes).map(|p| (p.mime, p.width, p.height));
            assert_eq!(&found, expected, "{bytes:?}");
        }
    }

    #[test]
    fn names_are_tamed_and_space_is_bounded() {
        let mut files = Files::default();
        let table = [
            ("a b.csv", "a b.csv"),
            ("../../x\r\n\".html", "....x.html"),
            ("", "file"),
            ("..", "file"),
        ];
        for (given, kept) in table {
            assert_eq!(files.store(given.to_owned(), Bytes::new()).name, kept);
        }
        let big = Bytes::from(vec![0; DOCUMENT_BYTES_MAX]);
        let first = files.store("a".into(), big.clone());
        files.store("b".into(), big.clone());
        files.store("c".into(), big);
        assert!(files.get(&first.id).is_none());
        assert!(files.bytes <= FILES_BYTES_MAX);
    }
}
