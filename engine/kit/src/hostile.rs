//! The answers that no protocol knows, for every question: what must hold whatever the vendor's
//! language. The crate's root imports this.

use ring4_provider_sdk::Manifest;

use crate::ask::Ask;
use crate::rules::{self, MARKER, Shape};
use crate::server::Reply;
use crate::trial::{Rule, Trial};

/// Longer than any list may be, and than any other answer.
const HUGE_LEN: usize = 33 * 1024 * 1024;
const LARGE_LEN: usize = 2 * 1024 * 1024;

/// What a vendor does, what it is called, and what may be concluded from it.
fn rows() -> Vec<(&'static str, Shape, Reply)> {
    let page = format!("<html><title>Just a moment</title><p>your code is {MARKER}</p></html>");
    let html = |status| Reply::with(status, "text/html; charset=utf-8", page.clone());
    let json = Reply::json;
    let noise = r#"{"kit":true,"sms":"MARK","code":"MARK","text":"MARK","message":"<b>MARK</b>"}"#;
    let noise = noise.replace("MARK", MARKER);
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let long = format!("{{\"message\":\"{}\"}}", "é".repeat(200_000));
    let mut rows = vec![
        ("HTML with 200", Shape::Garbage, html(200)),
        ("HTML with 403", Shape::Refusing, html(403)),
        ("HTML with 502", Shape::ServerError, html(502)),
        ("an empty body with 200", Shape::Garbage, json("")),
        ("blanks", Shape::Garbage, json(" \r\n\t ")),
        ("bytes that are no UTF-8", Shape::Garbage, {
            Reply::with(200, "application/json", vec![0xff, 0xfe, 0x00, 0xc3, 0x28])
        }),
        ("null", Shape::Empty, json("null")),
        ("an empty list", Shape::Empty, json("[]")),
        ("an empty object", Shape::Empty, json("{}")),
        ("a list of null", Shape::Garbage, json("[null]")),
        ("a list of lists", Shape::Garbage, json("[[],[[]]]")),
        ("a bare number", Shape::Number, json("99")),
        ("a bare text", Shape::Garbage, json("\"WHO_KNOWS\"")),
        ("an unknown word", Shape::Garbage, Reply::with(200, "text/plain", "WHO_KNOWS_THIS")),
        ("an unknown word with parts", Shape::Garbage, {
            Reply::with(200, "text/plain", "WHO_KNOWS:this:and:that")
        }),
        ("an object of another kind", Shape::Garbage, json(&noise)),
        ("an unknown numeric state", Shape::Garbage, {
            json(r#"{"status":99,"state":99,"Status":99,"code":99}"#)
        }),
        ("an unknown word as state", Shape::Garbage, {
            json(r#"{"status":"teleported","state":"teleported","Status":"TELEPORTED"}"#)
        }),
        ("JSON cut in the middle", Shape::Garbage, json("{\"success\":1,\"order_id\":\"KIT")),
        ("lists nested 20,000 deep", Shape::Garbage, json(&deep)),
        ("a text of 400 kB", Shape::Garbage, json(&long)),
        ("a body of 2 MiB", Shape::Garbage, Reply::Blanks(LARGE_LEN)),
        ("a body of 33 MiB", Shape::Garbage, Reply::Blanks(HUGE_LEN)),
        ("the connection cut before the answer", Shape::Lost, Reply::CutBefore),
        ("the connection cut during the answer", Shape::Lost, {
            Reply::CutDuring(b"{\"success\":1,".to_vec())
        }),
        ("no answer in time", Shape::Lost, Reply::Slow),
        ("one byte a moment", Shape::Lost, Reply::Dribble),
        ("a redirect to another host", Shape::Refusing, Reply::Redirect),
        ("the key repeated in an error", Shape::Refusing, Reply::Echo),
    ];
    rows.extend(statuses());
    rows.push(("500 and words of refusal", Shape::ServerError, {
        let no = r#"{"success":0,"error":"no numbers","type":"OUT_OF_STOCK"}"#;
        Reply::with(500, "application/json", no)
    }));
    rows
}

/// Bare statuses.
fn statuses() -> impl Iterator<Item = (&'static str, Shape, Reply)> {
    let rows = [
        (400, "400 and nothing", Shape::Refusing),
        (401, "401 and nothing", Shape::Refusing),
        (402, "402 and nothing", Shape::Refusing),
        (404, "404 and nothing", Shape::Refusing),
        (422, "422 and nothing", Shape::Refusing),
        (429, "429 and nothing", Shape::Refusing),
        (500, "500 and nothing", Shape::ServerError),
        (503, "503 and nothing", Shape::ServerError),
    ];
    rows.into_iter().map(|(code, name, shape)| (name, shape, Reply::with(code, "text/plain", "")))
}

/// Every question with every answer.
pub(crate) fn trials(manifest: &Manifest) -> Vec<Trial> {
    let can = &manifest.capabilities;
    let asked = |ask: &Ask| match ask {
        Ask::ListActive => can.list_active,
        Ask::History => can.history,
        Ask::Resend => can.resend,
        _ => true,
    };
    let mut trials = Vec::new();
    for ask in Ask::ALL.into_iter().filter(asked) {
        for (name, shape, reply) in rows() {
            let rule: Rule = Box::new(move |witness| rules::hostile(shape, witness));
            trials.push(Trial::new(ask, name, vec![reply], rule));
        }
        let rule: Rule = Box::new(move |witness| rules::hostile(Shape::NotSent, witness));
        let closed = Trial::new(ask, "nobody listens", Vec::new(), rule);
        trials.push(Trial { closed: true, ..closed });
    }
    trials
}

/// For a plugin that sends nothing: every question once.
pub(crate) fn offline() -> Vec<Trial> {
    let none = || -> Rule { Box::new(|_| None) };
    let trial = |ask| Trial::new(ask, "asked at all", Vec::new(), none());
    Ask::ALL.into_iter().map(trial).collect()
}
