//! Reads a method's parameters from a query, a form, a JSON body or a multipart body, and hands
//! them out by type. Only this crate.

use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::answer::Refusal;
use crate::world::calls::{BODY_BYTES_MAX, CallParameters};
use crate::world::files::DOCUMENT_BYTES_MAX;

/// The largest body without files, in bytes.
const PLAIN_BODY_BYTES_MAX: usize = 4 << 20;

/// The largest multipart body, in bytes: one document and room for the fields.
const MULTIPART_BYTES_MAX: usize = DOCUMENT_BYTES_MAX + (1 << 20);

/// How many fields a multipart body may have.
const FIELDS_MAX: usize = 64;

/// A request understood, and what the call log keeps of it.
pub(crate) struct Received {
    pub parameters: Parameters,
    pub logged: Option<CallParameters>,
}

/// The parameters of one call.
#[derive(Default)]
pub(crate) struct Parameters {
    values: Map<String, Value>,
    files: Vec<Upload>,
    /// Forms have no types: numbers, booleans and objects come as text there and in queries.
    is_text: bool,
}

/// A file of a multipart body.
pub(crate) struct Upload {
    pub field: String,
    pub file_name: String,
    pub bytes: Bytes,
}

impl Default for CallParameters {
    fn default() -> Self {
        Self::Parsed(Map::new())
    }
}

/// Reads a whole request.
pub(crate) async fn receive(request: Request, is_logged: bool) -> Result<Received, Refusal> {
    let query = form_values(request.uri().query().unwrap_or_default().as_bytes());
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().to_ascii_lowercase();
    if kind.starts_with("multipart/form-data") {
        let parameters = receive_multipart(request, query).await?;
        let logged = is_logged.then(|| CallParameters::Parsed(parameters.summary()));
        return Ok(Received { parameters, logged });
    }
    let body = axum::body::to_bytes(request.into_body(), PLAIN_BODY_BYTES_MAX).await;
    let body = body.map_err(|_| Refusal::too_large())?;
    let is_json = kind.starts_with("application/json");
    let (mut values, is_text) = if body.is_empty() {
        (Map::new(), true)
    } else if is_json {
        let parsed = serde_json::from_slice::<Map<String, Value>>(&body);
        let reason = "can't parse request body as a JSON object";
        (parsed.map_err(|_| Refusal::bad(reason))?, false)
    } else {
        (form_values(&body), true)
    };
    let has_query = !query.is_empty();
    for (name, value) in query {
        values.entry(name).or_insert(value);
    }
    let parameters = Parameters { values, files: Vec::new(), is_text: is_text || has_query };
    let logged = is_logged.then(|| {
        if has_query || body.len() > BODY_BYTES_MAX {
            CallParameters::Parsed(parameters.summary())
        } else if is_json {
            CallParameters::Json(body.as_ref().into())
        } else {
            CallParameters::Form(body.as_ref().into())
        }
    });
    Ok(Received { parameters, logged })
}

async fn receive_multipart(
    request: Request,
    query: Map<String, Value>,
) -> Result<Parameters, Refusal> {
    let broken = |_| Refusal::bad("can't parse multipart body");
    let mut multipart = Multipart::from_request(request, &())
        .await
        .map_err(|_| Refusal::bad("can't parse multipart body"))?;
    let mut parameters = Parameters { values: query, files: Vec::new(), is_text: true };
    let mut total = 0_usize;
    while let Some(mut field) = multipart.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().map(str::to_owned);
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(broken)? {
            total += chunk.len();
            if total > MULTIPART_BYTES_MAX {
                return Err(Refusal::too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        if parameters.values.len() + parameters.files.len() >= FIELDS_MAX {
            return Err(Refusal::bad("too many parameters in the multipart body"));
        }
        match file_name {
            Some(file_name) => {
                parameters.files.push(Upload { field: name, file_name, bytes: bytes.into() });
            }
            None => {
                let text = String::from_utf8(bytes);
                let text = text.map_err(|_| Refusal::bad("strings must be encoded in UTF-8"))?;
                parameters.values.insert(name, Value::String(text));
            }
        }
    }
    Ok(parameters)
}

/// Decodes an urlencoded form; what is not UTF-8 becomes replacement characters.
pub(crate) fn form_values(form: &[u8]) -> Map<String, Value> {
    let mut values = Map::new();
    for pair in form.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
        let equals = pair.iter().position(|b| *b == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at(equals);
        let value = value.strip_prefix(b"=").unwrap_or_default();
        values.insert(decode_percent(name), Value::String(decode_percent(value)));
    }
    values
}

fn decode_percent(text: &[u8]) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let escaped = after.get(..2).filter(|_| *first == b'%');
        let escaped =
            escaped.and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        decoded.push(match (first, escaped) {
            (_, Some(byte)) => {
                rest = after.get(2..).unwrap_or_default();
                byte
            }
            (b'+', None) => b' ',
            (other, None) => *other,
        });
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

impl Parameters {
    /// The value as it came; null counts as absent.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    /// A text or number as text, for servers that do not care which it is.
    pub fn scalar(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// A text. Empty counts as given.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ill_typed(name, "String")),
        }
    }

    /// Takes a text out, to be kept without a copy.
    pub fn take_text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.values.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ill_typed(name, "String")),
        }
    }

    /// A whole number; decimal text counts too, as at Telegram.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() && self.is_text => Ok(None),
            Some(value) => {
                let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
                number.map(Some).ok_or_else(|| ill_typed(name, "Number"))
            }
        }
    }

    /// A yes or no; absent is no.
    pub fn boolean(&self, name: &str) -> Result<bool, Refusal> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(*value),
            Some(Value::String(text)) if self.is_text => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Ok(true),
                "false" | "no" | "0" | "" => Ok(false),
                _ => Err(ill_typed(name, "Boolean")),
            },
            Some(_) => Err(ill_typed(name, "Boolean")),
        }
    }

    /// Takes an object or list out; it may come as its JSON text, whatever the body is.
    pub fn take_json(&mut self, name: &str) -> Result<Option<Value>, Refusal> {
        match self.values.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => match serde_json::from_str::<Value>(&text) {
                Ok(value) if value.is_object() || value.is_array() => Ok(Some(value)),
                Ok(_) => Err(ill_typed(name, "Object")),
                Err(_) => Err(Refusal::bad(format!("can't parse {} JSON object", spoken(name)))),
            },
            Some(value) if value.is_object() || value.is_array() => Ok(Some(value)),
            Some(_) => Err(ill_typed(name, "Object")),
        }
    }

    /// Takes over some fields of an object that is itself a parameter.
    pub fn adopt<const N: usize>(&mut self, object: &Value, names: [&str; N]) {
        for name in names {
            if let Some(value) = object.get(name) {
                self.values.insert(name.to_owned(), value.clone());
            }
        }
    }

    /// Takes an uploaded file out by its field.
    pub fn take_file(&mut self, field: &str) -> Option<Upload> {
        let index = self.files.iter().position(|file| file.field == field)?;
        Some(self.files.swap_remove(index))
    }

    /// The parameters with files named instead of kept, and long texts cut.
    fn summary(&self) -> Map<String, Value> {
        let mut summary = Map::new();
        let mut left = BODY_BYTES_MAX;
        for (name, value) in &self.values {
            let size = value.to_string().len();
            let kept = if size > left { json!({ "bytes_not_kept": size }) } else { value.clone() };
            left = left.saturating_sub(size);
            summary.insert(name.clone(), kept);
        }
        for file in &self.files {
            let described = json!({ "file_name": file.file_name, "bytes": file.bytes.len() });
            summary.insert(file.field.clone(), described);
        }
        summary
    }
}

fn ill_typed(name: &str, wanted: &str) -> Refusal {
    Refusal::bad(format!("parameter \"{name}\" must be of type {wanted}"))
}

fn spoken(name: &str) -> String {
    match name {
        "reply_markup" => "reply keyboard markup".to_owned(),
        other => other.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded() {
        let table = [
            ("text=a+b%20c&chat_id=5", json!({"text": "a b c", "chat_id": "5"})),
            ("text=%F0%9F%93%B1&&x", json!({"text": "📱", "x": ""})),
            ("t=100%&u=%zz%4", json!({"t": "100%", "u": "%zz%4"})),
            ("", json!({})),
        ];
        for (form, expected) in table {
            assert_eq!(Value::Object(form_values(form.as_bytes())), expected, "{form}");
        }
    }
}
