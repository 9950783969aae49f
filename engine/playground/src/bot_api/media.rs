//! Photos and documents: uploads and known files. Only this crate.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::{Answer, Refusal, result_of};
use super::checks;
use super::messages::SendOptions;
use super::parameters::{Parameters, Upload};
use crate::world::World;
use crate::world::chat::Content;
use crate::world::files::{DOCUMENT_BYTES_MAX, PHOTO_BYTES_MAX, StoredFile};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Photo,
    Document,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Document => "document",
        }
    }
}

/// `sendPhoto`.
pub(crate) fn send_photo(world: &World, parameters: &mut Parameters) -> Answer {
    send(world, parameters, Kind::Photo)
}

/// `sendDocument`.
pub(crate) fn send_document(world: &World, parameters: &mut Parameters) -> Answer {
    send(world, parameters, Kind::Document)
}

fn send(world: &World, parameters: &mut Parameters, kind: Kind) -> Answer {
    checks::writable_chat(&world.lock(), parameters)?;
    parameters.boolean("has_spoiler")?;
    let options = SendOptions::take(parameters)?;
    let caption = checks::caption(parameters)?;
    let file = match parameters.take_file(kind.name()) {
        Some(upload) => store(world, upload, kind)?,
        None => {
            let given = parameters.take_text(kind.name())?.unwrap_or_default();
            named_file(world, parameters, &given, kind)?
        }
    };
    let content = match kind {
        Kind::Photo => Content::Photo { file, caption },
        Kind::Document => Content::Document { file, caption },
    };
    options.send(world, parameters, content)
}

/// The `media` of `editMessageMedia`.
pub(crate) fn take_input_media(
    world: &World,
    parameters: &mut Parameters,
) -> Result<Content, Refusal> {
    let media = parameters.take_json("media")?;
    let media = media.ok_or_else(|| Refusal::bad("input media is not specified"))?;
    let broken = |reason: &str| Refusal::bad(format!("can't parse InputMedia: {reason}"));
    let kind = match media.get("type").and_then(Value::as_str) {
        Some("photo") => Kind::Photo,
        Some("document") => Kind::Document,
        _ => return Err(broken("unsupported type of media")),
    };
    let source = media.get("media").and_then(Value::as_str);
    let source = source.ok_or_else(|| broken("Can't find field \"media\""))?;
    let file = named_file(world, parameters, source, kind)?;
    parameters.adopt(&media, ["caption", "parse_mode", "caption_entities"]);
    let caption = checks::caption(parameters)?;
    Ok(match kind {
        Kind::Photo => Content::Photo { file, caption },
        Kind::Document => Content::Document { file, caption },
    })
}

/// A file named by text: one attached to the request, or one the bot knows by its id.
fn named_file(
    world: &World,
    parameters: &mut Parameters,
    given: &str,
    kind: Kind,
) -> Result<Arc<StoredFile>, Refusal> {
    if let Some(field) = given.strip_prefix("attach://") {
        let upload = parameters.take_file(field);
        let upload = upload.ok_or_else(|| missing(kind))?;
        return store(world, upload, kind);
    }
    if given.is_empty() {
        return Err(missing(kind));
    }
    // An address would have to be fetched from the network, which a playground must not need.
    let known = world.lock().files.get(given);
    let file = known.ok_or_else(|| {
        Refusal::bad("wrong remote file identifier specified: Wrong string length")
    })?;
    if kind == Kind::Photo && file.picture.is_none() {
        return Err(Refusal::bad("can't use file of type Document as Photo"));
    }
    Ok(file)
}

fn missing(kind: Kind) -> Refusal {
    Refusal::bad(format!("there is no {} in the request", kind.name()))
}

fn store(world: &World, upload: Upload, kind: Kind) -> Result<Arc<StoredFile>, Refusal> {
    let bytes_max = match kind {
        Kind::Photo => PHOTO_BYTES_MAX,
        Kind::Document => DOCUMENT_BYTES_MAX,
    };
    if upload.bytes.is_empty() {
        return Err(Refusal::bad("file must be non-empty"));
    }
    if upload.bytes.len() > bytes_max {
        return Err(Refusal::bad(format!("file is too big; {} bytes at most", bytes_max)));
    }
    let file = world.lock().files.store(upload.file_name, upload.bytes);
    if kind == Kind::Photo {
        let picture = file.picture.ok_or_else(|| Refusal::bad("IMAGE_PROCESS_FAILED"))?;
        let (long, short) = (picture.width.max(picture.height), picture.width.min(picture.height));
        if picture.width.saturating_add(picture.height) > 10_000 || long > 20 * short.max(1) {
            return Err(Refusal::bad("PHOTO_INVALID_DIMENSIONS"));
        }
    }
    Ok(file)
}

/// `getFile`. The path leads to the playground's own file address.
pub(crate) fn get_file(world: &World, parameters: &mut Parameters) -> Answer {
    let id = parameters.text("file_id")?.unwrap_or_default();
    let file = world.lock().files.get(id);
    let file = file.ok_or_else(|| Refusal::bad("invalid file_id"))?;
    let mut json = json!({ "file_path": format!("{}/{}", file.id, file.name) });
    if let (Some(json), Value::Object(document)) = (json.as_object_mut(), file.document_json()) {
        let kept = ["file_id", "file_unique_id", "file_size"];
        json.extend(document.into_iter().filter(|(name, _)| kept.contains(&name.as_str())));
    }
    result_of(&json)
}
