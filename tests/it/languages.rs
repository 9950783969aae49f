//! Everybody is spoken to in their own language, and hears of a change of it at once.

use std::fs;

use ring4_playground::{Options, Person};
use serde_json::{Value, json};

use crate::world::{ADA, ANNA, BORIS, Vendor, World};

/// Anna's app speaks Spanish, Boris's Russian, Ada's German, which the shop does not.
fn cast() -> Options {
    let person =
        |person: Person, language: &str| Person { language_code: language.to_owned(), ..person };
    let people = vec![
        person(Person::customer(ANNA, "Anna"), "es-MX"),
        person(Person::customer(BORIS, "Boris"), "ru"),
        person(Person::admin(ADA, "Ada"), "de"),
    ];
    Options { people, ..Options::default() }
}

fn described(chat: &Value, command: &str) -> String {
    let menu = chat["commands"].as_array().expect("a menu");
    let row = menu.iter().find(|row| row["command"] == command);
    row.and_then(|row| row["description"].as_str()).unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_spoken_to_in_their_own_language() {
    let world = World::open_with(Vendor::Mock, cast()).await;
    world.say(ANNA, "/start").await;
    world.hears(ANNA, &["Números temporales", "Hola, Anna"]).await;
    world.say(BORIS, "/start").await;
    world.hears(BORIS, &["Здравствуйте, Boris"]).await;
    world.say(ADA, "/start").await;
    world.hears(ADA, &["Hello Ada"]).await;

    // An admin who chose another language gets the cards of others in it.
    world.say(ADA, "/language").await;
    world.press(ADA, "Русский").await;
    world.hears(ADA, &["Здравствуйте, Ada"]).await;
    assert_eq!(world.answer(ADA).await, "Теперь я говорю по-русски.");
    world.say(ANNA, "/deposit 10").await;
    world.press(ANNA, "USDT").await;
    world.press(ANNA, "He pagado").await;
    world.hears(ADA, &["Пополнение на $10.00", "Anna"]).await;
    world.press(ADA, "Одобрить").await;
    world.hears(ANNA, &["$10.00 ya está en tu monedero"]).await;

    // What comes later, of itself, speaks the same.
    world.say(ANNA, "/start buy_ring4_US").await;
    world.press(ANNA, "Comprar por").await;
    world.hears(ANNA, &["Esperando el código"]).await;
    world.advance(30).await;
    world.hears(ANNA, &["Tu código de Ring4 es"]).await;
    world.hears(ANNA, &["Entregado en"]).await;

    // By words, and whatever the app says later.
    world.say(ANNA, "/language ru").await;
    world.hears(ANNA, &["Здравствуйте, Anna"]).await;
    let app = json!({ "language_code": "en" });
    world.post(&format!("people/{ANNA}/language"), app).await;
    world.say(ANNA, "/orders").await;
    world.hears(ANNA, &["Ваши заказы"]).await;
    // One that is not offered asks, a forged one is stale.
    world.say(ANNA, "/language de").await;
    world.hears(ANNA, &["На каком языке"]).await;
    let (message, _) = world.button(ANNA, "✓ 🇷🇺 Русский").await;
    world.forge(ANNA, message, "g:de").await;
    assert!(world.answer(ANNA).await.contains("устарела"));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn menus_speak_every_language_and_follow_the_packs() {
    let world = World::open_with(Vendor::Mock, cast()).await;
    let menu = |person, command: &'static str, want: &'static str| {
        let world = &world;
        async move {
            let fits = |chat: &Value| described(chat, command) == want;
            world.until(person, want, fits).await;
        }
    };
    menu(ANNA, "buy", "Comprar un número").await;
    menu(BORIS, "buy", "Купить номер").await;
    menu(ADA, "admin", "Dashboard").await;
    assert_eq!(described(&world.chat(ANNA).await, "admin"), "", "a customer's menu");
    world.say(ADA, "/language es").await;
    menu(ADA, "admin", "Panel").await;
    let pack = world.folder.path().join("scripts/messages.es.yaml");
    let text = fs::read_to_string(pack).expect("the pack");
    let other = text.replace("command.buy: \"Comprar", "command.buy: \"Conseguir");
    world.save("scripts/messages.es.yaml", &other);
    menu(ANNA, "buy", "Conseguir un número").await;
    menu(ADA, "buy", "Conseguir un número").await;
    menu(BORIS, "buy", "Купить номер").await;

    // A translation that lacks a text or leaves something out is refused with its line.
    let line = |needle: &str| {
        let at = other.lines().position(|line| line.starts_with(needle)).expect("a line");
        format!("messages.es.yaml:{}:", at + 1)
    };
    let without = other.replace("command.buy: \"Conseguir un número\"\n", "");
    world.save("scripts/messages.es.yaml", &without);
    let place = line("command.start");
    world.hears(ADA, &[place.as_str(), "command.buy"]).await;
    let poor = other.replace("¿Qué país? Tienes {available}.", "¿Qué país?");
    world.save("scripts/messages.es.yaml", &poor);
    let place = line("buy.countries");
    world.hears(ADA, &[place.as_str(), "leaves out `{available}`"]).await;
    world.close().await;
}
