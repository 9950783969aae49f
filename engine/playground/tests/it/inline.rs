//! Inline mode, and the list of what a bot got wrong.

use serde_json::{Value, json};

use crate::play::Play;

async fn ask(play: &Play, query: &str) -> String {
    let (status, asked) =
        play.post("/playground/people/1001/inline", json!({ "query": query })).await;
    assert_eq!(status, 200, "{asked}");
    asked["inline_query_id"].as_str().unwrap().to_owned()
}

fn article(id: &str, text: &str) -> Value {
    let url = "https://t.me/ring4_playground_bot?start=buy_ring4_US";
    json!({
        "type": "article", "id": id, "title": "Ring4", "description": "5 in stock",
        "input_message_content": { "message_text": text, "parse_mode": "HTML" },
        "reply_markup": { "inline_keyboard": [[{ "text": "Open", "url": url }]] },
    })
}

#[tokio::test]
async fn an_inline_query_is_answered_once_and_chosen_from() {
    let play = Play::new().await;
    let id = ask(&play, "ring4 us").await;
    let updates = play.ok("getUpdates", json!({})).await;
    assert_eq!(updates[0]["inline_query"]["query"], json!("ring4 us"));
    assert_eq!(updates[0]["inline_query"]["id"], json!(id));
    let answer = json!({
        "inline_query_id": id, "results": [article("a", "<b>one</b>")], "cache_time": 5,
        "is_personal": true, "button": { "text": "Shop", "start_parameter": "menu" },
    });
    play.ok("answerInlineQuery", answer.clone()).await;
    let latest = play.get("/playground/people/1001/inline").await;
    assert_eq!((&latest["status"], &latest["results"][0]["id"]), (&json!("answered"), &json!("a")));
    assert!(play.refused("answerInlineQuery", answer).await.contains("query is too old"));
    let choose = "/playground/people/1001/inline/choose";
    assert_eq!(play.post(choose, json!({ "result_id": "b" })).await.0, 404);
    assert_eq!(play.post(choose, json!({ "result_id": "a" })).await.0, 200);
    let chat = play.chat(1001).await;
    assert_eq!(chat["messages"][0]["text"], json!("/start buy_ring4_US"));
    play.playground.stop().await;
}

#[tokio::test]
async fn what_telegram_would_refuse_is_refused_and_listed() {
    let play = Play::new().await;
    let id = ask(&play, "x").await;
    let long = "x".repeat(65);
    let rows = [
        (json!([article("a", "<b>open")]), "can't parse entities"),
        (json!([article("a", "")]), "MESSAGE_EMPTY"),
        (json!([article(&long, "x")]), "RESULT_ID_INVALID"),
        (json!([article("a", "x"), article("a", "y")]), "RESULT_ID_DUPLICATE"),
        (json!([{ "type": "photo", "id": "a" }]), "unsupported type"),
        (json!(vec![article("a", "x"); 51]), "RESULTS_TOO_MUCH"),
        (json!("nothing"), "results"),
    ];
    let count = rows.len();
    for (results, want) in rows {
        let answer = json!({ "inline_query_id": id, "results": results });
        let reason = play.refused("answerInlineQuery", answer).await;
        assert!(reason.contains(want), "{want}: {reason}");
    }
    // A late answer is nobody's mistake; a method that nobody knows is one.
    let late = json!({ "inline_query_id": "1", "results": [] });
    assert!(play.refused("answerInlineQuery", late).await.contains("too old"));
    play.refused("answerInlineQery", json!({})).await;
    let mistakes = play.get("/playground/mistakes").await;
    assert_eq!(mistakes.as_array().map(Vec::len), Some(count + 1), "{mistakes:#}");
    play.playground.stop().await;
}
