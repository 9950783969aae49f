//! Every command, every button and every refusal, as each kind of person meets it. The table is
//! held against the table of commands, the buttons' grammar and the list of refusals, so that
//! nothing of them can come to be without a row here.

mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Instant;

use ring4::chat::commands::{Audience, COMMANDS};
use ring4::chat::press::Press;
use ring4_domain::change::{Actor, Seq};
use ring4_domain::ids::UserId;
use ring4_domain::ledger::AccountId;
use ring4_domain::money::Amount;
use ring4_domain::refusal::Refusal;
use serde_json::{Value, json};

use crate::world::{ADA, ANNA, BORIS, PATIENCE, Vendor, World, bot_messages, project};
use table::{ADMIN_BUTTONS, BUTTONS, ELSEWHERE, FLOWS, WORDS_ONLY};

fn person(name: &str) -> i64 {
    match name {
        "anna" => ANNA,
        "boris" => BORIS,
        "ada" => ADA,
        other => panic!("nobody is called {other}"),
    }
}

/// A row: `anna says /start -> Hello Anna`, `anna presses Balance -> Your wallet`,
/// `boris forges x:{order} -> I do not know`.
struct Row<'table> {
    who: i64,
    verb: &'table str,
    what: &'table str,
    want: &'table str,
}

fn rows(table: &str) -> impl Iterator<Item = Row<'_>> {
    let lines = table.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.filter(|line| !line.starts_with('#')).map(|line| {
        let (doing, want) = line.split_once(" -> ").unwrap_or_else(|| panic!("no arrow: {line}"));
        let mut words = doing.trim().splitn(3, ' ');
        let (who, verb) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let what = words.next().unwrap_or_default().trim();
        Row { who: person(who), verb, what, want: want.trim() }
    })
}

/// What rows may name: `{order}` is Anna's latest order.
type Names = BTreeMap<&'static str, String>;

fn fill(text: &str, names: &Names) -> String {
    let mut filled = text.to_owned();
    for (name, value) in names {
        filled = filled.replace(&format!("{{{name}}}"), value);
    }
    filled
}

fn text(message: &Value) -> &str {
    message["text"].as_str().unwrap_or_default()
}

/// How many requests of each method the playground held against Telegram's rules: every one it
/// got, but those that a fault kept from being looked at.
pub async fn judged(world: &World) -> BTreeMap<String, usize> {
    let mut methods = BTreeMap::new();
    for call in world.calls().await {
        let method = call["method"].as_str().unwrap_or_default().to_ascii_lowercase();
        if call["status"].as_u64() < Some(500) {
            *methods.entry(method).or_insert(0) += 1;
        }
    }
    methods
}

fn newest_id(chat: &Value) -> i64 {
    bot_messages(chat).last().and_then(|message| message["message_id"].as_i64()).unwrap_or(1)
}

fn answers(chat: &Value) -> &[Value] {
    chat["answers"].as_array().map_or(&[], Vec::as_slice)
}

/// Whether this message or a later one says it.
fn stands(chat: &Value, message: i64, want: &str) -> bool {
    let mut messages = bot_messages(chat).into_iter();
    messages.any(|seen| seen["message_id"].as_i64() >= Some(message) && text(seen).contains(want))
}

/// Whether this press was answered with it: by a notice, in the pressed message or after it.
fn sees(chat: &Value, query: &str, message: i64, want: &str) -> bool {
    let mut answers = answers(chat).iter();
    let answered = answers.find(|answer| answer["callback_query_id"] == query);
    let answered = answered.filter(|answer| answer["status"] == "answered");
    answered.is_some_and(|notice| text(notice).contains(want) || stands(chat, message, want))
}

async fn live(world: &World, row: &Row<'_>, names: &Names) {
    let (what, want) = (fill(row.what, names), fill(row.want, names));
    let before = world.chat(row.who).await;
    let shown = format!("“{want}” after {} {what}", row.verb);
    if row.verb == "says" {
        let seen = newest_id(&before);
        world.say(row.who, &what).await;
        let heard = |chat: &Value| {
            let mut messages = bot_messages(chat).into_iter();
            messages.any(|new| new["message_id"].as_i64() > Some(seen) && text(new).contains(&want))
        };
        world.until(row.who, &shown, heard).await;
        return;
    }
    let (message, pressed) = match row.verb {
        "presses" => {
            let (message, label) = world.button(row.who, &what).await;
            (message, json!({ "message_id": message, "label": label }))
        }
        "forges" => {
            let message = newest_id(&before);
            (message, json!({ "message_id": message, "data": what }))
        }
        verb => panic!("nobody {verb}"),
    };
    // What stands there already would be seen although nothing came of the press.
    assert!(!stands(&before, message, &want), "{shown}: it stands there before the press");
    let query = world.post(&format!("people/{}/presses", row.who), pressed).await;
    let query = query["callback_query_id"].as_str().expect("the press's id").to_owned();
    world.until(row.who, &shown, |chat| sees(chat, &query, message, &want)).await;
}

/// A shop in which Anna has an order, an ended one and some money, and Boris has nothing.
async fn opened() -> (World, Names) {
    let contacts = [("contacts: []", "contacts: [\"@shop_help\"]")];
    let world = World::open_tuned(Vendor::Smspool, Default::default(), &contacts).await;
    world.deposit(ANNA, "20").await;
    let done = world.buy(ANNA).await;
    world.advance(30).await;
    world.hears(ANNA, &["Your Ring4 code is"]).await;
    world.post("faults", json!({ "vendor": { "mode": "sms_never", "count": 20 } })).await;
    let order = world.buy(ANNA).await;
    let names = BTreeMap::from([("done", done), ("order", order)]);
    (world, names)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_flow_leads_where_it_should() {
    let (world, names) = opened().await;
    let began = Instant::now();
    let mut count = 0;
    for table in FLOWS {
        for row in rows(table) {
            live(&world, &row, &names).await;
            count += 1;
        }
    }
    let judged = judged(&world).await;
    let requests: usize = judged.values().sum();
    println!(
        "{count} flows in {:?}; {requests} requests of {} methods judged: {judged:?}",
        began.elapsed(),
        judged.len(),
    );
    for method in ["sendmessage", "editmessagetext", "answercallbackquery", "setmycommands"] {
        assert!(judged.contains_key(method), "{method} was never judged");
    }
    // Closing fails where Telegram would have refused one of them.
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn to_others_the_admins_commands_and_buttons_do_not_exist() {
    let (world, names) = opened().await;
    world.say(BORIS, "/start").await;
    world.newest(BORIS, &["Hello Boris"]).await;
    let shop = world.shop();
    let before = shop.snapshot().head().expect("the head").seq;
    let mut tried = 0;
    for command in COMMANDS.iter().filter(|command| command.audience == Audience::Admin) {
        for name in std::iter::once(&command.name).chain(command.aliases) {
            let what = format!("/{name} {{done}}");
            let want = "I do not know that command";
            let row = Row { who: BORIS, verb: "says", what: &what, want };
            live(&world, &row, &names).await;
            tried += 1;
        }
    }
    for data in ADMIN_BUTTONS {
        let press: Press = fill(data, &names).parse().unwrap_or_else(|_| panic!("{data} is none"));
        assert!(press.is_for_admins(), "{data}");
        let row = Row { who: BORIS, verb: "forges", what: data, want: "out of date" };
        live(&world, &row, &names).await;
        tried += 1;
    }
    // Nothing came of any of them.
    let after = shop.snapshot();
    for seq in before.0 + 1..=after.head().expect("the head").seq.0 {
        let entry = after.entry(Seq(seq)).expect("a readable entry").expect("an entry");
        assert!(entry.actor != Actor::Customer(UserId(BORIS)), "{entry:?}");
        assert!(entry.actor != Actor::Admin(UserId(BORIS)), "{entry:?}");
    }
    println!("{tried} attempts on what is the admins' alone, and no entry of any");
    drop((shop, after));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn presses_doubled_reordered_and_from_old_cards_do_no_harm() {
    let (world, names) = opened().await;
    let order = &names["order"];
    // An old message of the chat keeps its buttons: pressed late they are answered, not obeyed.
    world.say(ANNA, "/start buy_ring4_US").await;
    world.newest(ANNA, &["fixed for"]).await;
    let place = world.data(ANNA, "Buy for").await;
    let (message, _) = world.button(ANNA, "Buy for").await;
    world.advance(200).await;
    world.forge(ANNA, message, &place).await;
    world.hears(ANNA, &["fixed for"]).await;
    // Cancel before buy, buy before offer, everything twice and at once.
    let data = [
        format!("x:{order}"),
        place.clone(),
        format!("v:{order}"),
        "w".to_owned(),
        format!("x:{order}"),
        place,
        "m".to_owned(),
    ];
    let presses = data.iter().chain(data.iter().rev()).map(|data| {
        // All on one message, as an app does that repeats what it got no answer to.
        world.forge(ANNA, message, data)
    });
    futures_util::future::join_all(presses).await;
    world.advance(120).await;
    let shop = world.shop();
    let end = Instant::now() + PATIENCE;
    loop {
        let wallet = shop.snapshot().account(&AccountId::Wallet(UserId(ANNA))).expect("a wallet");
        if wallet.debits_pending == Amount::ZERO {
            break;
        }
        assert!(Instant::now() < end, "{wallet:?}");
        world.advance(5).await;
    }
    drop(shop);
    let vendor = world.get("vendor/orders").await;
    assert_eq!(vendor.as_array().map(Vec::len), Some(2), "{vendor}");
    world.close().await;
}

/// How a button is written in the source, with a star for each value: `N:{id}` is `N:*`.
fn form(written: &str) -> String {
    let mut form = String::new();
    let mut inside = false;
    for letter in written.chars() {
        match letter {
            '{' => inside = true,
            '}' => {
                inside = false;
                form.push('*');
            }
            other if !inside => form.push(other),
            _ => {}
        }
    }
    form
}

fn forms(source: &Path) -> Vec<String> {
    let source = fs::read_to_string(project().join("engine/src/chat").join(source));
    let source = source.expect("the buttons' grammar");
    let written = source.split("write!(out, \"").skip(1);
    written.map(|rest| form(rest.split('"').next().unwrap_or_default())).collect()
}

/// The form of every button there is, the desk's as they are below their head.
fn grammar() -> BTreeSet<String> {
    let folder = project().join("engine/src/chat/press");
    let parts = fs::read_dir(folder).expect("the parts of the grammar");
    let parts: Vec<_> = parts.map(|part| part.expect("a part").file_name()).collect();
    assert_eq!(parts, ["desk.rs"], "a part of the grammar that is not read here");
    let heads = forms(Path::new("press.rs")).into_iter().filter(|form| form != "K:*");
    let desk = forms(Path::new("press/desk.rs")).into_iter().map(|form| format!("K:{form}"));
    heads.chain(desk).collect()
}

/// Whether a button's data has this form.
fn has_form(data: &str, form: &str) -> bool {
    let (data, form): (Vec<_>, Vec<_>) = (data.split(':').collect(), form.split(':').collect());
    data.len() == form.len() && data.iter().zip(form).all(|(has, part)| part == "*" || *has == part)
}

/// What a button of this form lacks: somebody who is shown it and presses it, and where only
/// admins are shown it, somebody else who tries.
fn lacks(form: &str, all: &[Row<'_>]) -> Option<String> {
    let names = ["done", "order"].map(|name| (name, "00000000".to_owned()));
    let names = Names::from(names);
    let read = |data: &str| {
        let data = fill(data, &names);
        data.parse::<Press>().ok().filter(|_| has_form(&data, form))
    };
    let forged = all.iter().filter(|row| row.verb == "forges");
    let forged: Vec<(i64, Press)> =
        forged.filter_map(|row| Some((row.who, read(row.what)?))).collect();
    let tried = ADMIN_BUTTONS.iter().any(|data| read(data).is_some());
    let admins = tried || forged.iter().any(|(_, press)| press.is_for_admins());
    let by_admin = forged.iter().any(|(who, _)| *who == ADA);
    let by_customer = forged.iter().any(|(who, _)| *who != ADA);
    match (admins, by_admin, by_customer, tried) {
        (true, false, ..) => Some(format!("{form} by an admin")),
        (true, _, _, false) => Some(format!("{form} among ADMIN_BUTTONS")),
        (false, _, false, _) => Some(format!("{form} by a customer")),
        _ => None,
    }
}

#[test]
fn every_command_button_and_refusal_has_a_flow() {
    let all: Vec<Row<'_>> = FLOWS.iter().flat_map(|table| rows(table)).collect();
    let mut missing = Vec::new();
    for command in COMMANDS {
        let who: &[i64] = match command.audience {
            Audience::Customer => &[ANNA, BORIS],
            Audience::Admin => &[ADA],
        };
        for name in std::iter::once(&command.name).chain(command.aliases) {
            let says = |row: &&Row<'_>| {
                row.verb == "says" && row.what.split(' ').next() == Some(&format!("/{name}"))
            };
            if !all.iter().filter(says).any(|row| who.contains(&row.who)) {
                missing.push(format!("/{name}"));
            }
        }
    }
    missing.extend(grammar().iter().filter_map(|form| lacks(form, &all)));
    let source = fs::read_to_string(project().join("engine/domain/src/refusal.rs"));
    let source = source.expect("the refusals");
    let keys = source.split('"').filter(|part| part.starts_with("refusal."));
    let pack = fs::read_to_string(project().join("scripts/messages.en.yaml")).expect("the texts");
    for key in keys {
        let text = pack.lines().find_map(|line| line.strip_prefix(&format!("{key}: \"")));
        // The longest stretch without a placeholder is what rows can ask for.
        let text = text.unwrap_or_default().trim_end_matches('"');
        let heard = |row: &Row<'_>| {
            text.split(['{', '}']).any(|part| !row.want.is_empty() && part.contains(row.want))
        };
        let elsewhere = ELSEWHERE.iter().any(|(known, _)| *known == key);
        if !elsewhere && !all.iter().any(heard) {
            missing.push(key.to_owned());
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "without a row in tests/it/flows/table.rs");
    assert_eq!(Refusal::NotAdmin.key(), "refusal.unknown_command");
}

#[test]
fn every_command_has_a_button_or_needs_words() {
    let forged: BTreeSet<&str> = FLOWS
        .iter()
        .flat_map(|table| rows(table))
        .filter(|row| row.verb == "forges")
        .map(|row| row.what)
        .collect();
    let mut missing = Vec::new();
    for command in COMMANDS {
        let button = BUTTONS.iter().find(|(name, _)| *name == command.name);
        let worded = WORDS_ONLY.iter().any(|(name, _)| *name == command.name);
        let pressed = button.is_some_and(|(_, data)| forged.contains(data));
        if pressed == worded {
            missing.push(command.name);
        }
    }
    assert_eq!(missing, Vec::<&str>::new(), "reached by words alone");
    println!("{} commands, {} of them by words alone", COMMANDS.len(), WORDS_ONLY.len());
}
