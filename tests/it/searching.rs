//! From words to a number: taps, search, favourites, inline mode, and how few messages an order
//! makes.

use std::time::Instant;

use ring4_playground::{Options, Person};
use serde_json::{Value, json};

use crate::world::{ADA, ANNA, BORIS, PATIENCE, TOKEN, Vendor, World, bot_messages};

/// The newest inline answer to this person, for these words.
async fn inline(world: &World, person: i64, words: &str) -> Vec<Value> {
    world.post(&format!("people/{person}/inline"), json!({ "query": words })).await;
    let end = Instant::now() + PATIENCE;
    loop {
        let latest = world.get(&format!("people/{person}/inline")).await;
        if latest["query"] == words && latest["status"] == "answered" {
            return latest["results"].as_array().expect("results").clone();
        }
        assert!(Instant::now() < end, "no answer to “{words}”: {latest}");
        tokio::task::yield_now().await;
    }
}

/// The labels of the newest message's buttons.
async fn labels(world: &World, person: i64) -> Vec<String> {
    let chat = world.chat(person).await;
    let newest = bot_messages(&chat).last().map(|message| message["buttons"].clone());
    let rows = newest.unwrap_or_default();
    let rows = rows.as_array().into_iter().flatten().filter_map(Value::as_array).flatten();
    rows.filter_map(|button| button["label"].as_str()).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_number_is_four_taps_away_and_the_next_two() {
    let world = World::open(Vendor::Mock).await;
    world.deposit(ANNA, "20").await;
    world.say(ANNA, "/start").await;
    world.newest(ANNA, &["Hello Anna"]).await;
    let before = taps(&world).await;
    for label in ["Buy a number", "Telegram", "Germany", "Buy for"] {
        world.press(ANNA, label).await;
    }
    world.hears(ANNA, &["Number +", "held"]).await;
    let first = taps(&world).await - before;
    world.advance(60).await;
    world.hears(ANNA, &["Your Telegram code is"]).await;
    world.say(ANNA, "/start").await;
    world.newest(ANNA, &["Hello Anna"]).await;
    for label in ["⭐ Telegram 🇩🇪 Germany", "Buy for"] {
        world.press(ANNA, label).await;
    }
    // The first card says "charged" by now.
    world.hears(ANNA, &["Number +", "held"]).await;
    let next = taps(&world).await - before - first;
    world.advance(60).await;
    world.until_count(ANNA, "Your Telegram code is", 2).await;
    println!("taps to the first number: {first}, to a favourite: {next}");
    assert_eq!((first, next), (4, 2));
    // A search for it has it on top, and so has the list of services.
    world.say(ANNA, "telegram whatsapp germany poland").await;
    world.newest(ANNA, &["Offers for"]).await;
    assert!(labels(&world, ANNA).await[0].contains("Telegram 🇩🇪"));
    world.say(ANNA, "/buy").await;
    world.newest(ANNA, &["Which service"]).await;
    assert!(labels(&world, ANNA).await[0].starts_with("⭐ Telegram 🇩🇪 Germany"));
    // Others have favourites of their own.
    world.say(BORIS, "/buy").await;
    world.newest(BORIS, &["Which service"]).await;
    assert!(!labels(&world, BORIS).await[0].contains("⭐"));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn countries_stand_by_what_a_code_costs_there() {
    let world = World::open(Vendor::Smspool).await;
    let priced = |labels: &[String]| {
        let price = |label: &String| {
            label.split('$').nth(1).and_then(|rest| {
                rest.split([' ', '·']).next().and_then(|price| price.parse::<f64>().ok())
            })
        };
        labels.iter().filter_map(price).collect::<Vec<f64>>()
    };
    let end = Instant::now() + PATIENCE;
    loop {
        let seen = world.count(ANNA, "Which country").await;
        world.say(ANNA, "telegram").await;
        world.until_count(ANNA, "Which country", seen + 1).await;
        let prices = priced(&labels(&world, ANNA).await);
        // Prices come in one by one while the shop is young; two buttons lead away.
        if prices.len() + 2 == labels(&world, ANNA).await.len() {
            assert!(prices.len() > 4 && prices.is_sorted(), "{prices:?}");
            break;
        }
        assert!(Instant::now() < end, "{prices:?}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_are_found_in_any_chat_and_lead_to_the_bot() {
    let boris = Person { language_code: "ru".to_owned(), ..Person::customer(BORIS, "Boris") };
    let people = vec![Person::customer(ANNA, "Anna"), boris, Person::admin(ADA, "Ada")];
    let world = World::open_with(Vendor::Smspool, Options { people, ..Options::default() }).await;
    // The price is known from then on.
    world.say(ANNA, "/start buy_whatsapp_GB").await;
    world.newest(ANNA, &["fixed for"]).await;
    let found = inline(&world, ANNA, "whatsap uk").await;
    assert_eq!(found.len(), 1, "{found:?}");
    let title = found[0]["title"].as_str().expect("a title");
    assert!(title.contains("WhatsApp 🇬🇧 United Kingdom · $"), "{title}");
    assert!(found[0]["description"].as_str().expect("words").contains("in stock"), "{found:?}");
    // Boris never wrote to the bot: he is answered in his language, and nothing is noted down.
    let found = inline(&world, BORIS, "вотсап англия").await;
    assert!(found[0]["title"].as_str().expect("a title").contains("Великобритания"), "{found:?}");
    assert!(world.shop().snapshot().customer(ring4_domain::ids::UserId(BORIS)).unwrap().is_none());
    assert_eq!(inline(&world, ANNA, "xyzzy").await.len(), 0);
    assert!(inline(&world, ANNA, "").await.len() > 2);
    let _ = inline(&world, BORIS, "вотсап англия").await;
    let chosen = json!({ "result_id": "buy_whatsapp_GB" });
    let end = Instant::now() + PATIENCE;
    // The link is there once the bot knows its own name.
    while world.try_post(&format!("people/{BORIS}/inline/choose"), chosen.clone()).await != 200 {
        assert!(Instant::now() < end, "no link to the bot");
        inline(&world, BORIS, "вотсап").await;
        inline(&world, BORIS, "вотсап англия").await;
    }
    world.hears(BORIS, &["WhatsApp", "Великобритания", "Цена"]).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_makes_few_messages_and_fewer_edits() {
    let world = World::open(Vendor::Smspool).await;
    world.deposit(ANNA, "20").await;
    for (mode, end) in [("sms_late", "Your Ring4 code is"), ("sms_never", "in time")] {
        if mode == "sms_never" {
            world.post("faults", json!({ "vendor": { "mode": mode } })).await;
        } else {
            world.post("vendor", json!({ "code_delay_secs": [300, 300] })).await;
        }
        world.say(ANNA, "/start buy_ring4_US").await;
        let (message, _) = world.button(ANNA, "Buy for").await;
        let before = calls(&world).await.len();
        let data = world.data(ANNA, "Buy for").await;
        world.forge(ANNA, message, &data).await;
        world.hears(ANNA, &["Number +", "held"]).await;
        // Nothing is edited to show the time running out.
        for _ in 0..10 {
            world.advance(61).await;
        }
        world.hears(ANNA, &[end]).await;
        world
            .hears(ANNA, &[if mode == "sms_never" { "No code arrived" } else { "Delivered" }])
            .await;
        let calls = calls(&world).await;
        let since = calls.get(before..).unwrap_or_default();
        let count = |method: &str| since.iter().filter(|call| call.as_str() == method).count();
        let (edits, messages) = (count("editMessageText"), count("sendMessage"));
        println!("{end}: {edits} edits, {messages} messages");
        assert!(edits <= 12 && messages <= 3, "{edits} edits, {messages} messages: {since:?}");
    }
    world.close().await;
}

/// The methods of all calls about Anna's chat so far.
async fn calls(world: &World) -> Vec<String> {
    let calls = world.calls().await;
    let hers = calls.iter().filter(|call| call["parameters"]["chat_id"] == ANNA);
    hers.filter_map(|call| call["method"].as_str().map(str::to_owned)).collect()
}

/// How many buttons Anna has pressed so far, as the playground counts.
async fn taps(world: &World) -> usize {
    let chat = world.chat(ANNA).await;
    chat["answers"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn back_works_from_a_file_too() {
    let world = World::open(Vendor::Mock).await;
    world.say(ANNA, "/start").await;
    world.newest(ANNA, &["Hello Anna"]).await;
    // A file with a button, as a chart or a report is.
    let keyboard = json!({ "inline_keyboard": [[{ "text": "Home", "callback_data": "m" }]] });
    let part = reqwest::multipart::Part::bytes(b"a file".to_vec()).file_name("report.csv");
    let form = reqwest::multipart::Form::new()
        .text("chat_id", ANNA.to_string())
        .text("reply_markup", keyboard.to_string())
        .part("document", part);
    let url = format!("http://{}/bot{TOKEN}/sendDocument", world.playground.address());
    let sent = reqwest::Client::new().post(url).multipart(form).send().await.expect("an answer");
    assert!(sent.status().is_success(), "{sent:?}");
    let file =
        |chat: &Value| bot_messages(chat).iter().any(|message| !message["document"].is_null());
    assert!(file(&world.chat(ANNA).await));
    world.press(ANNA, "Home").await;
    let chat = world.until(ANNA, "the menu in place of the file", |chat| !file(chat)).await;
    let last = bot_messages(&chat).last().map(|message| message["text"].clone());
    assert!(last.unwrap_or_default().as_str().unwrap_or_default().contains("Hello Anna"));
    world.close().await;
}
