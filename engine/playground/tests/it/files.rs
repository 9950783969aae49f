//! Photos and documents, up and down again.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::play::Play;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\x90";

async fn upload(play: &Play, method: &str, form: Form) -> (u16, Value) {
    let request = play.client.post(format!("{}/bot1:abc/{method}", play.base)).multipart(form);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn form(field: &'static str, name: &'static str, bytes: &'static [u8]) -> Form {
    Form::new().text("chat_id", "1001").part(field, Part::bytes(bytes).file_name(name))
}

#[tokio::test]
async fn a_photo_is_shown_and_a_document_is_a_download() {
    let play = Play::new().await;
    let photo = form("photo", "chart.png", PNG).text("caption", "<b>Today</b>");
    let (status, answer) = upload(&play, "sendPhoto", photo.text("parse_mode", "HTML")).await;
    assert_eq!(status, 200, "{answer}");
    let size = &answer["result"]["photo"][0];
    assert_eq!((&size["width"], &size["height"]), (&json!(640), &json!(400)));
    assert_eq!(answer["result"]["caption_entities"][0]["type"], json!("bold"));
    let page = form("document", "page.html", b"<script>alert(1)</script>");
    let (status, answer) = upload(&play, "sendDocument", page).await;
    assert_eq!(status, 200, "{answer}");
    let chat = play.chat(1001).await;
    let links = [&chat["messages"][0]["photo"], &chat["messages"][1]["document"]];
    let table = [("image/png", "inline"), ("application/octet-stream", "attachment")];
    for (link, (mime, disposition)) in links.into_iter().zip(table) {
        let url = format!("{}{}", play.base, link.as_str().unwrap());
        let file = play.client.get(url).send().await.unwrap();
        let header = |name: &str| file.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), mime);
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(header("content-disposition").starts_with(disposition));
    }
    play.playground.stop().await;
}

#[tokio::test]
async fn files_are_refused_in_telegrams_words() {
    let play = Play::new().await;
    let table = [
        ("sendPhoto", form("photo", "x.png", b"<svg/>"), "IMAGE_PROCESS_FAILED"),
        ("sendPhoto", form("picture", "x.png", PNG), "there is no photo in the request"),
        ("sendDocument", form("document", "x", b""), "file must be non-empty"),
        (
            "sendPhoto",
            form("photo", "x.png", PNG).text("caption", "x".repeat(1025)),
            "message caption is too long",
        ),
    ];
    for (method, form, reason) in table {
        let (status, answer) = upload(&play, method, form).await;
        let expected = format!("Bad Request: {reason}");
        assert_eq!((status, &answer["description"]), (400, &json!(expected)));
    }
    play.playground.stop().await;
}

#[tokio::test]
async fn a_known_file_is_sent_again_and_media_can_be_edited() {
    let play = Play::new().await;
    let (_, answer) = upload(&play, "sendPhoto", form("photo", "chart.png", PNG)).await;
    let photo = answer["result"]["photo"][0]["file_id"].clone();
    play.ok("sendPhoto", json!({ "chat_id": 1002, "photo": photo })).await;
    let found = play.ok("getFile", json!({ "file_id": photo })).await;
    assert_eq!(found["file_size"], json!(PNG.len()));
    let text = play.message(1001, "no picture yet").await;
    let media = json!({ "type": "photo", "media": photo, "caption": "now" });
    let edit = json!({ "chat_id": 1001, "message_id": text, "media": media });
    let edited = play.ok("editMessageMedia", edit.clone()).await;
    assert_eq!((&edited["caption"], edited.get("text")), (&json!("now"), None));
    assert!(play.refused("editMessageMedia", edit).await.contains("message is not modified"));
    let caption = json!({ "chat_id": 1001, "message_id": text, "caption": "<i>later</i>",
                          "parse_mode": "HTML" });
    assert_eq!(play.ok("editMessageCaption", caption).await["caption"], json!("later"));
    let attached = Form::new()
        .text("chat_id", "1001")
        .text("message_id", text.to_string())
        .text("media", r#"{"type":"document","media":"attach://report"}"#)
        .part("report", Part::bytes(b"a,b".as_slice()).file_name("report.csv"));
    let (status, answer) = upload(&play, "editMessageMedia", attached).await;
    assert_eq!((status, &answer["result"]["document"]["file_name"]), (200, &json!("report.csv")));
    play.playground.stop().await;
}
