//! What nobody may read: a shop with vendors of all protocols runs at the most talkative level,
//! gets bad answers, lost answers and panics, and then every place a text could have ended up in
//! is searched for the keys, codes and numbers that are known to have been there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ring4_playground::{Options, VendorOptions};
use serde_json::{Value, json};

use crate::crash::process::{Launch, Log};
use crate::world::{ADA, ANNA, BORIS, KEY, TOKEN, Vendor, World, bot_messages, variables};

/// Who sells what: the vendor, its calls for states, and the service with SMSPool's id.
const GOODS: [(Vendor, &str, (&str, &str)); 4] = [
    (Vendor::Smspool, "/request/active", ("ring4", "1574")),
    (Vendor::Fivesim, "/user/orders", ("telegram", "907")),
    (Vendor::Herosms, "getActiveActivations", ("google", "395")),
    (Vendor::Smshub, "getActiveActivations", ("whatsapp", "1012")),
];

/// A part of a file that was never written to.
const BLOCK: [u8; 4_096] = [0; 4_096];

/// A vendor nobody answers for, whose key is in the address, and one whose plugin panics.
const BROKEN: &str = "  grizzlysms:
    enabled: true
    plugin: provider_handler_api
    base_url: http://127.0.0.1:9
    secrets: { api_key: \"${VENDOR_API_KEY}\" }
    settings: { dialect: grizzlysms }
  misbehaving:
    enabled: true
    plugin: misbehaving_plugin
    base_url: \"${SMSPOOL_BASE_URL}\"
    secrets: { api_key: \"${VENDOR_API_KEY}\" }
    settings: { misdeed: panic_after_await }
";

async fn open() -> World {
    let vendors = VendorOptions {
        key: Some(KEY.to_owned()),
        code_delay_min: Duration::from_secs(3),
        code_delay_max: Duration::from_secs(3),
        ..VendorOptions::default()
    };
    World::around(&sellers(), Options { vendors, ..Options::default() }, &[]).await
}

fn sellers() -> Vec<Vendor> {
    GOODS.iter().map(|(vendor, ..)| *vendor).collect()
}

/// The shop's settings with the two broken vendors, and plugins from beside this test.
fn launch(world: &World) -> Launch {
    let config = world.folder.path().join("config.yaml");
    let text = std::fs::read_to_string(&config).expect("settings");
    let program = std::env::current_exe().expect("the test's own path");
    let beside = program.parent().expect("a folder");
    let text = text.replace("dir: null\n  # SHA-256", &format!("dir: {beside:?}\n  # SHA-256"));
    let text = text.replace("\nproviders:\n", &format!("\nproviders:\n{BROKEN}"));
    let text = text.replace("initial_secs: 2", "initial_secs: 1");
    std::fs::write(&config, text).expect("written settings");
    let mut env = variables(&world.playground, &sellers(), &ADA.to_string());
    env.push(("LOG_LEVEL", "trace".to_owned()));
    Launch { config, data: world.folder.path().join("data"), env, log: Log::whole() }
}

/// Makes each vendor the cheapest for one service, and its answers bad for a while.
async fn prepare(world: &World) {
    for (vendor, states, (service, _)) in GOODS.iter() {
        let prices = GOODS.iter().map(|(_, _, (name, id))| {
            ((*id).to_owned(), json!(if name == service { "0.20" } else { "30.00" }))
        });
        let prices: serde_json::Map<String, Value> = prices.collect();
        let path = format!("vendor?at={}", vendor.name());
        world.post(&path, json!({ "prices": prices })).await;
        // Half of the vendors cut the answer with number and order in two, and the list says what
        // was bought; the others give bad answers to questions about an order.
        let purchase = match vendor {
            Vendor::Fivesim => Some("/user/buy/activation"),
            Vendor::Smshub => Some("getNumber"),
            _ => None,
        };
        let faults: &[(&str, &str)] = match purchase {
            Some(purchase) => &[("truncated", purchase), ("unknown_status", states)],
            None => &[("html_200", states), ("truncated", states), ("drop_before", states)],
        };
        for (mode, call) in faults {
            let fault = json!({ "at": vendor.name(), "mode": mode, "path": call });
            world.post("faults", json!({ "vendor": fault })).await;
        }
    }
    for (vendor, balance) in [
        (Vendor::Smspool, "/request/balance"),
        (Vendor::Fivesim, "/user/profile"),
        (Vendor::Herosms, "getBalance"),
        (Vendor::Smshub, "getBalance"),
    ] {
        let fault = json!({ "at": vendor.name(), "mode": "bad_key", "path": balance });
        world.post("faults", json!({ "vendor": fault })).await;
    }
}

/// Asks for a number of a service and presses the offer's button.
async fn buy(world: &World, (service, name): (&str, &str)) {
    world.say(ANNA, &format!("/start buy_{service}_US")).await;
    let button = |chat: &Value| {
        let offer = bot_messages(chat)
            .into_iter()
            .rev()
            .find(|message| message["text"].as_str().is_some_and(|text| text.contains(name)))?;
        let buttons = offer["buttons"].as_array()?.iter().flat_map(|row| row.as_array());
        let mut buttons = buttons.flatten();
        let buy = buttons.find(|button| button["label"].to_string().contains("Buy for"))?;
        Some((offer["message_id"].as_i64()?, buy["data"].as_str()?.to_owned()))
    };
    let what = format!("an offer of {name}");
    let chat = world.until(ANNA, &what, |chat| button(chat).is_some()).await;
    let (message, data) = button(&chat).expect("just seen");
    world.forge(ANNA, message, &data).await;
}

/// What must not be found: what it is, and how it looks.
struct Planted {
    keys: Vec<&'static str>,
    codes: BTreeSet<String>,
    numbers: BTreeSet<String>,
}

impl Planted {
    /// The first trace of anything in a text.
    fn found_in(&self, text: &str) -> Option<String> {
        let key = self.keys.iter().find(|key| text.contains(**key)).map(|_| "a key".to_owned());
        key.or_else(|| self.private_in(text))
    }

    /// The first trace of a code or number in a text. Codes are as short as parts of other
    /// figures, so they count as whole runs of digits.
    fn private_in(&self, text: &str) -> Option<String> {
        let number = self.numbers.iter().find(|number| text.contains(number.as_str()));
        let code = || {
            let mut runs = text.split(|char: char| !char.is_ascii_digit());
            runs.find(|run| self.codes.contains(*run))
        };
        let words = text.contains("verification code is").then_some("the text of a message");
        let private = number.map(String::as_str).or_else(code).or(words);
        private.map(|private| format!("“{private}”"))
    }
}

async fn planted(world: &World) -> Planted {
    let (mut codes, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for (vendor, ..) in GOODS.iter() {
        let rows = world.get(&format!("vendor/orders?at={}", vendor.name())).await;
        for row in rows.as_array().expect("orders") {
            codes.extend(row["sms"].as_str().map(str::to_owned));
            let number = row["number"].as_str().expect("a number");
            numbers.insert(number.trim_start_matches('+').to_owned());
        }
    }
    Planted { keys: vec![KEY, TOKEN], codes, numbers }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_private_is_left_anywhere() {
    let world = open().await;
    prepare(&world).await;
    let launch = launch(&world);
    let mut shop = launch.start();
    shop.runs().await;
    world.deposit(ANNA, "50").await;
    for ((_, _, (service, _)), name) in
        GOODS.iter().zip(["Ring4", "Telegram", "Google", "WhatsApp"])
    {
        buy(&world, (service, name)).await;
    }
    world.until_count(ANNA, "Number +", 4).await;
    world.until_count(ANNA, "code is", 4).await;
    world.say(ADA, "/orders").await;
    world.say(BORIS, "/start").await;
    shop.stop().await;

    let planted = planted(&world).await;
    let chat = world.chat(ANNA).await.to_string();
    assert_eq!((planted.codes.len(), planted.numbers.len()), (4, 4), "what was sold");
    for code in &planted.codes {
        assert!(chat.contains(code.as_str()), "the customer has not got her code");
    }
    let mut searched = 0;
    let mut traces = Vec::new();
    for line in launch.log.every_line() {
        searched += 1;
        let mut parsed: Value = serde_json::from_str(&line).unwrap_or(json!(line));
        if let Some(fields) = parsed.as_object_mut() {
            // Its microseconds are six digits that may be anybody's code.
            fields.remove("timestamp");
        }
        let found = planted.found_in(&parsed.to_string());
        traces.extend(found.map(|what| format!("{what} in the log: {line}")));
    }
    let log = launch.log.every_line().join("\n");
    for sign in ["TRACE", "panicked", "makes no sense", "not sent", "AuthFailed"] {
        assert!(log.contains(sign), "the log has no {sign}, so it proves little");
    }
    let mut paths = Vec::new();
    files(&launch.data, &mut paths);
    for path in &paths {
        // Copies of the plugins, which were there before any secret.
        if path.extension().is_some_and(|ending| ending == "so") {
            continue;
        }
        let bytes = std::fs::read(path).expect("a readable file");
        searched += 1;
        // The state keeps room for later: 64 MiB of nothing, which is slow to look through.
        let written = bytes.chunks(BLOCK.len()).filter(|block| **block != BLOCK[..block.len()]);
        let written = written.collect::<Vec<_>>().concat();
        let text = String::from_utf8_lossy(&written);
        // Presses quote the message above them; the inbox lets go of them after a day.
        let quotes = path.components().any(|part| part.as_os_str() == "inbox");
        let mut found = planted.keys.iter().any(|key| text.contains(key)).then(|| "a key".into());
        if !quotes {
            found = found.or_else(|| planted.private_in(&text));
        }
        traces.extend(found.map(|what: String| format!("{what} in {}", path.display())));
    }
    for person in [ADA, BORIS] {
        let chat = world.chat(person).await.to_string();
        searched += 1;
        traces.extend(planted.found_in(&chat).map(|what| format!("{what} in the chat: {chat}")));
    }
    let keys = planted.keys.iter().filter(|key| chat.contains(**key)).count();
    assert_eq!(keys, 0, "a key in the customer's chat");
    println!("searched {searched} lines, files and chats; found {}", traces.len());
    assert!(traces.is_empty(), "{} traces, among them:\n{}", traces.len(), traces[0]);
    world.close().await;
}
