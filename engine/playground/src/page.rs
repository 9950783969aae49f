//! The chat page's files, compiled in so that the page is there wherever the binary is. Only this
//! crate.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{Router, get};

/// What the page may load and do: its own files and this server's answers, nothing else. Should
/// a message ever get past the escaping, it still could not run or send anything.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// The page's files: name, type, content.
const FILES: &[(&str, &str, &str)] = &[
    ("style.css", "text/css; charset=utf-8", include_str!("../page/style.css")),
    ("icon.svg", "image/svg+xml", include_str!("../page/icon.svg")),
    ("api.js", "text/javascript; charset=utf-8", include_str!("../page/api.js")),
    ("app.js", "text/javascript; charset=utf-8", include_str!("../page/app.js")),
    ("chat.js", "text/javascript; charset=utf-8", include_str!("../page/chat.js")),
    ("composer.js", "text/javascript; charset=utf-8", include_str!("../page/composer.js")),
    ("moments.js", "text/javascript; charset=utf-8", include_str!("../page/moments.js")),
    ("panel.js", "text/javascript; charset=utf-8", include_str!("../page/panel.js")),
    ("text.js", "text/javascript; charset=utf-8", include_str!("../page/text.js")),
    ("words.js", "text/javascript; charset=utf-8", include_str!("../page/words.js")),
];

/// The routes of the page.
pub(crate) fn router() -> Router {
    Router::new()
        .route(
            "/",
            get(|| async { file("text/html; charset=utf-8", include_str!("../page/index.html")) }),
        )
        .route("/page/{name}", get(named))
}

async fn named(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(known, _, _)| *known == name) {
        Some((_, mime, content)) => file(mime, content),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn file(mime: &'static str, content: &'static str) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(mime));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Another build on the same address must not meet the old build's files.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    (headers, content).into_response()
}
