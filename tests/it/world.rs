//! A whole shop in one process: the engine, a Telegram and a vendor of its own, and people who
//! write and press over HTTP. The real store, the real plugins, the real HTTP; only Telegram's
//! and the vendor's servers and the clock are ours. Every other test module may use this.

mod requests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ring4::clock::{Clock, Pace};
use ring4::engine::{Engine, Setup};
use ring4::reload::Origin;
use ring4::shop::Shop;
use ring4::trouble::Memory;
use ring4_config::{Env, LogFormat, LogLevel, Overrides};
use ring4_playground::{Options, Playground, Role};
use ring4_telegram::sender::{Rate, SenderOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;

/// How long anything may take before a test calls it lost.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub const ANNA: i64 = 1001;
pub const BORIS: i64 = 1002;
pub const ADA: i64 = 9001;

pub const TOKEN: &str = "4000000001:a-token-of-the-tests-that-opens-nothing";

/// Who sells the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    Mock,
    Smspool,
    Fivesim,
    Herosms,
    Grizzlysms,
    Smsbower,
    Tigersms,
    Smshub,
}

impl Vendor {
    /// One of each protocol and dialect.
    pub const ALL: [Self; 8] = [
        Self::Mock,
        Self::Smspool,
        Self::Fivesim,
        Self::Herosms,
        Self::Grizzlysms,
        Self::Smsbower,
        Self::Tigersms,
        Self::Smshub,
    ];

    /// Its id in the settings, and its name at the playground.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mock => "mock",
            Self::Smspool => "smspool",
            Self::Fivesim => "fivesim",
            Self::Herosms => "herosms",
            Self::Grizzlysms => "grizzlysms",
            Self::Smsbower => "smsbower",
            Self::Tigersms => "tigersms",
            Self::Smshub => "smshub",
        }
    }

    /// The plugin and its settings, for vendors that are not in the shipped settings.
    const fn plugin(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Mock | Self::Smspool => None,
            Self::Fivesim => Some(("provider_fivesim", "{ currency: USD }")),
            Self::Herosms => Some(("provider_handler_api", "{ dialect: herosms }")),
            Self::Grizzlysms => Some(("provider_handler_api", "{ dialect: grizzlysms }")),
            Self::Smsbower => Some(("provider_handler_api", "{ dialect: smsbower }")),
            Self::Tigersms => Some(("provider_handler_api", "{ dialect: tigersms }")),
            Self::Smshub => {
                Some(("provider_handler_api", "{ dialect: smshub, usd_per_unit: 0.0125 }"))
            }
        }
    }

    /// Its section of the settings, where they do not have it.
    fn section(self, playground: &Playground) -> Option<String> {
        let (plugin, settings) = self.plugin()?;
        let (name, url) = (self.name(), playground.vendor_url(self.name())?);
        Some(format!(
            "  {name}:\n    enabled: true\n    plugin: {plugin}\n    base_url: {url}\n    \
             secrets: {{ api_key: \"${{VENDOR_API_KEY}}\" }}\n    settings: {settings}\n    \
             priority: 3\n"
        ))
    }
}

/// A running shop and its surroundings.
pub struct World {
    pub playground: Playground,
    pub folder: TempDir,
    engine: Option<Engine>,
    origin: Origin,
    http: reqwest::Client,
    pace: watch::Receiver<Pace>,
    sender: SenderOptions,
    follow: tokio::task::JoinHandle<()>,
}

/// The folder of the project.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A copy of the shipped settings and scripts in `folder`, for a test to edit.
pub fn copy_rules(folder: &Path) -> PathBuf {
    let scripts = folder.join("scripts");
    copy_folder(&project().join("scripts"), &scripts);
    let config = folder.join("config.yaml");
    std::fs::write(&config, ring4_config::SHIPPED).expect("a settings file");
    config
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a readable folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// Adds what the settings lack for these vendors.
pub fn add_vendors(config: &Path, playground: &Playground, vendors: &[Vendor]) {
    let text = std::fs::read_to_string(config).expect("settings");
    let (before, after) = text.split_once("\nproviders:\n").expect("a section of providers");
    let sections = vendors.iter().filter_map(|vendor| vendor.section(playground));
    let sections: String = sections.collect();
    std::fs::write(config, format!("{before}\nproviders:\n{sections}{after}")).expect("settings");
}

/// The key that every vendor's account is opened with.
pub const KEY: &str = "a-key-of-the-tests";

/// Variables for an engine that works against this playground.
pub fn variables(
    playground: &Playground,
    vendors: &[Vendor],
    admins: &str,
) -> Vec<(&'static str, String)> {
    let mut variables = vec![
        ("BOT_TOKEN", TOKEN.to_owned()),
        ("BOT_API_URL", format!("http://{}", playground.address())),
        ("ADMIN_USER_IDS", admins.to_owned()),
        ("BINANCE_WALLET", "TAddressOfTheTests".to_owned()),
        ("BINANCE_ID", "100000001".to_owned()),
        ("VENDOR_API_KEY", KEY.to_owned()),
    ];
    if vendors.contains(&Vendor::Mock) {
        variables.push(("ALLOW_MOCK", "true".to_owned()));
    }
    if vendors.contains(&Vendor::Smspool) {
        variables.push(("SMSPOOL_API_KEY", KEY.to_owned()));
        variables.push(("SMSPOOL_BASE_URL", playground.smspool_url()));
    }
    variables
}

impl World {
    /// A shop with the demo's people: Anna and Boris buy, Ada decides.
    pub async fn open(vendor: Vendor) -> Self {
        Self::open_with(vendor, Options::default()).await
    }

    /// A shop with these people and this vendor.
    pub async fn open_with(vendor: Vendor, options: Options) -> Self {
        Self::open_tuned(vendor, options, &[]).await
    }

    /// A shop whose settings differ from the shipped ones in these places.
    pub async fn open_tuned(vendor: Vendor, options: Options, tuned: &[(&str, &str)]) -> Self {
        let mut world = Self::around(&[vendor], options, tuned).await;
        world.start().await;
        world
    }

    /// A shop with two vendors: a Ring4 number costs 0.48 at SMSPool at most, and 0.50 at the mock.
    pub async fn open_with_two_vendors() -> Self {
        let vendors = [Vendor::Smspool, Vendor::Mock];
        let mut world = Self::around(&vendors, Options::default(), &[]).await;
        world.start().await;
        world.cheapen_smspool().await;
        world
    }

    /// Makes SMSPool cheaper than the mock.
    pub async fn cheapen_smspool(&self) {
        self.post("vendor", json!({ "prices": { "1574": "0.384" } })).await;
    }

    /// Has the next start reach SMSPool by another address.
    pub fn reach_smspool_through(&mut self, address: std::net::SocketAddr) {
        let server = self.playground.address().to_string();
        let url = self.playground.smspool_url().replace(&server, &address.to_string());
        self.set(vec![("SMSPOOL_BASE_URL", url)]);
    }

    /// What surrounds a shop with these vendors, and no shop yet.
    pub async fn around(vendors: &[Vendor], options: Options, tuned: &[(&str, &str)]) -> Self {
        if std::env::var_os("RING4_LOG").is_some() {
            ring4::ops::logging::start(LogLevel::Debug, LogFormat::Human);
        }
        let folder = tempfile::tempdir().expect("a folder");
        let admins: Vec<String> = options
            .people
            .iter()
            .filter(|person| person.role == Role::Admin)
            .map(|person| person.id.to_string())
            .collect();
        let options = Options { token: Some(TOKEN.to_owned()), ..options };
        let playground = Playground::start(options).await.expect("a playground");
        let config = copy_rules(folder.path());
        if !tuned.is_empty() {
            let mut text = std::fs::read_to_string(&config).expect("settings");
            for (from, to) in tuned {
                assert_eq!(text.matches(from).count(), 1, "“{from}” in the shipped settings");
                text = text.replace(from, to);
            }
            std::fs::write(&config, text).expect("written settings");
        }
        add_vendors(&config, &playground, vendors);
        let origin = Origin {
            scripts: folder.path().join("scripts"),
            config,
            env: Env::from_iter(variables(&playground, vendors, &admins.join(","))),
            overrides: Overrides { data_dir: Some(folder.path().join("data")) },
        };
        let mut turned = playground.clock().subscribe();
        let (owner, pace) = watch::channel(translate(*turned.borrow_and_update()));
        let follow = tokio::spawn(async move {
            while turned.changed().await.is_ok() {
                let pace = translate(*turned.borrow_and_update());
                owner.send_replace(pace);
            }
        });
        let http = reqwest::Client::new();
        // Tests are in a hurry: what Telegram thinks of many messages is tested elsewhere.
        let fast = Rate { count: 10_000, per: Duration::from_secs(1), burst: 10_000 };
        let sender = SenderOptions { global: fast, private: fast, ..SenderOptions::default() };
        Self { playground, folder, engine: None, origin, http, pace, sender, follow }
    }

    /// Starts the engine, as after a stop.
    pub async fn start(&mut self) {
        let setup = Setup {
            origin: self.origin.clone(),
            clock: Clock::played(self.pace.clone()),
            verify_command: None,
            sender: self.sender.clone(),
            memory: Memory::default(),
        };
        self.engine = Some(Engine::start(setup).await.expect("a running engine"));
    }

    /// From the next start on, no more messages are sent than Telegram takes.
    pub fn keep_to_limits(&mut self) {
        self.sender = SenderOptions::default();
    }

    /// Sets variables for the next start.
    pub fn set(&mut self, variables: Vec<(&'static str, String)>) {
        for (name, value) in variables {
            self.origin.env.set(name, value);
        }
    }

    /// The parts of the running shop.
    pub fn shop(&self) -> Arc<Shop> {
        Arc::clone(self.engine.as_ref().expect("a running engine").shop())
    }

    /// Stops the engine cleanly.
    pub async fn stop(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.stop().await;
        }
    }

    /// Stops everything, after a look at what Telegram would not have taken.
    pub async fn close(mut self) {
        let mistakes = self.get("mistakes").await;
        assert_eq!(mistakes, json!([]), "requests that Telegram would refuse");
        self.stop().await;
        self.follow.abort();
        self.playground.stop().await;
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/playground/{path}", self.playground.address())
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let response = self.http.post(self.url(path)).json(&body).send().await.expect("an answer");
        let status = response.status();
        let answer: Value = response.json().await.expect("JSON");
        assert!(status.is_success(), "{path} {body}: {answer}");
        answer
    }

    pub async fn get(&self, path: &str) -> Value {
        let response = self.http.get(self.url(path)).send().await.expect("an answer");
        response.json().await.expect("JSON")
    }

    /// Lets a person write.
    pub async fn say(&self, person: i64, text: &str) {
        self.post(&format!("people/{person}/messages"), json!({ "text": text })).await;
    }

    /// Lets a person press the newest button whose label contains these words.
    pub async fn press(&self, person: i64, label: &str) {
        let chat = self
            .until(person, &format!("a button “{label}”"), |chat| {
                find_button(chat, label).is_some()
            })
            .await;
        let (message, label) = find_button(&chat, label).expect("just seen");
        let body = json!({ "message_id": message, "label": label });
        self.post(&format!("people/{person}/presses"), body).await;
    }

    /// Lets a person send any press at all.
    pub async fn forge(&self, person: i64, message: i64, data: &str) {
        let body = json!({ "message_id": message, "data": data });
        self.post(&format!("people/{person}/presses"), body).await;
    }

    /// Turns the clock.
    pub async fn advance(&self, secs: u64) {
        self.post("clock", json!({ "advance_secs": secs })).await;
    }

    pub async fn chat(&self, person: i64) -> Value {
        self.get(&format!("people/{person}/chat")).await
    }

    /// Waits until a person's chat looks like this; the test fails with what it looks like.
    pub async fn until(&self, person: i64, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.until_for(person, PATIENCE, what, fits).await
    }

    /// The same with another patience.
    pub async fn until_for(
        &self,
        person: i64,
        patience: Duration,
        what: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Value {
        let end = Instant::now() + patience;
        let mut chat = self.chat(person).await;
        while !fits(&chat) {
            assert!(Instant::now() < end, "{person} never saw {what}; the chat is {chat:#}");
            let version = chat["version"].as_u64().unwrap_or(0);
            let path = format!("people/{person}/chat?after_version={version}&wait_secs=2");
            chat = self.get(&path).await;
        }
        chat
    }

    /// Waits for a message of the bot that contains all these words, and returns its text.
    pub async fn hears(&self, person: i64, words: &[&str]) -> String {
        let has = |chat: &Value| last_with(chat, words).is_some();
        let chat = self.until(person, &format!("{words:?}"), has).await;
        last_with(&chat, words).expect("just seen")
    }

    /// Waits until the newest message of the bot, or an edit of it, contains all these words.
    pub async fn newest(&self, person: i64, words: &[&str]) -> String {
        let text = |chat: &Value| {
            let last = bot_messages(chat).last().map(|last| last["text"].clone());
            last.and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
        };
        let fits = |chat: &Value| words.iter().all(|word| text(chat).contains(word));
        let chat = self.until(person, &format!("{words:?} as the newest"), fits).await;
        text(&chat)
    }

    /// How many messages of the bot contain this word.
    pub async fn count(&self, person: i64, word: &str) -> usize {
        count(&self.chat(person).await, word)
    }

    /// Waits until that many messages of the bot contain this word.
    pub async fn until_count(&self, person: i64, word: &str, wanted: usize) {
        let what = format!("{wanted} times “{word}”");
        self.until(person, &what, |chat| count(chat, word) >= wanted).await;
    }

    /// The newest button whose label contains these words: its message and label.
    pub async fn button(&self, person: i64, label: &str) -> (i64, String) {
        let chat = self
            .until(person, &format!("a button “{label}”"), |chat| {
                find_button(chat, label).is_some()
            })
            .await;
        find_button(&chat, label).expect("just seen")
    }

    /// The newest button whose label contains these words, if there is one now.
    pub async fn find(&self, person: i64, label: &str) -> Option<(i64, String)> {
        find_button(&self.chat(person).await, label)
    }

    /// Posts what may come too late; the answer's status.
    pub async fn try_post(&self, path: &str, body: Value) -> u16 {
        let answer = self.http.post(self.url(path)).json(&body).send().await;
        answer.expect("an answer").status().as_u16()
    }

    /// What the newest button with this label carries.
    pub async fn data(&self, person: i64, label: &str) -> String {
        let (message, label) = self.button(person, label).await;
        let chat = self.chat(person).await;
        let messages = bot_messages(&chat);
        let message = messages.iter().find(|found| found["message_id"] == message);
        let rows = message.and_then(|message| message["buttons"].as_array());
        let buttons =
            rows.into_iter().flatten().flat_map(|row| row.as_array().into_iter().flatten());
        let mut fitting = buttons.filter(|button| button["label"] == label.as_str());
        let data = fitting.next().and_then(|button| button["data"].as_str());
        data.expect("a button that carries something").to_owned()
    }

    /// Saves a file of the rule set as an operator's editor does: beside, then renamed.
    pub fn save(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        let beside = path.with_extension("saving~");
        std::fs::write(&beside, text).expect("a written file");
        std::fs::rename(&beside, &path).expect("a renamed file");
    }

    /// Waits for the answer to the newest press, and returns its text.
    pub async fn answer(&self, person: i64) -> String {
        let answered = |chat: &Value| newest(chat)["status"] == "answered";
        let chat = self.until(person, "an answer to the press", answered).await;
        newest(&chat)["text"].as_str().unwrap_or_default().to_owned()
    }

    /// Presses the newest button with this label among the messages that fit, and returns the
    /// message's id.
    async fn press_in(&self, person: i64, label: &str, fits: impl Fn(&Value) -> bool) -> i64 {
        let what = format!("a button “{label}” of this step");
        let has = |chat: &Value| find_button_in(chat, label, &fits).is_some();
        let chat = self.until(person, &what, has).await;
        let (message, label) = find_button_in(&chat, label, &fits).expect("just seen");
        let body = json!({ "message_id": message, "label": label });
        self.post(&format!("people/{person}/presses"), body).await;
        message
    }

    /// The price that Anna is shown now for a Ring4 number in the United States.
    pub async fn quoted(&self) -> String {
        let seen = self.count(ANNA, "fixed for").await;
        self.say(ANNA, "/start buy_ring4_US").await;
        self.until_count(ANNA, "fixed for", seen + 1).await;
        let quote = self.newest(ANNA, &["fixed for"]).await;
        let price = quote.lines().find_map(|line| line.strip_prefix("Price "));
        price.and_then(|line| line.split(',').next()).expect("a price").to_owned()
    }

    /// Fills a wallet the way people do. Every step looks at what this deposit shows, and at
    /// nothing that an earlier one left.
    pub async fn deposit(&self, person: i64, amount: &str) {
        let before = self.chat(person).await;
        let told = count(&before, "is in your wallet");
        self.say(person, &format!("/deposit {amount}")).await;
        let card = self.press_in(person, "USDT", newer_than(&before)).await;
        self.press_in(person, "I have paid", |message| message["message_id"] == card).await;
        let chat = self.chat(person).await;
        let text = text_of(&chat, card);
        let id = text.lines().rev().find_map(|line| line.strip_prefix("Deposit "));
        let id = id.expect("a deposit's id").trim();
        self.press_in(ADA, "Approve", |message| says(message, id)).await;
        self.until_count(person, "is in your wallet", told + 1).await;
    }

    /// Buys a Ring4 number in the United States and returns the order's id.
    pub async fn buy(&self, person: i64) -> String {
        let before = self.chat(person).await;
        self.say(person, "/start buy_ring4_US").await;
        let card = self.press_in(person, "Buy for", newer_than(&before)).await;
        let has = |chat: &Value| {
            let text = text_of(chat, card);
            text.contains("Number +") && text.contains("held")
        };
        let chat = self.until(person, "a number", has).await;
        order_id(&text_of(&chat, card))
    }
}

/// Whether a message of the bot says this.
fn says(message: &Value, words: &str) -> bool {
    message["text"].as_str().unwrap_or_default().contains(words)
}

/// Whether a message came after this look at the chat.
fn newer_than(chat: &Value) -> impl Fn(&Value) -> bool + use<> {
    let id = |message: &Value| message["message_id"].as_i64();
    let last = bot_messages(chat).last().and_then(|last| id(last));
    move |message| id(message) > last
}

fn text_of(chat: &Value, message: i64) -> String {
    let messages = bot_messages(chat);
    let found = messages.iter().find(|found| found["message_id"] == message);
    found.and_then(|found| found["text"].as_str()).unwrap_or_default().to_owned()
}

/// How many messages of the bot in this look at a chat contain this word.
pub fn count(chat: &Value, word: &str) -> usize {
    let texts = bot_messages(chat);
    texts.iter().filter(|m| m["text"].as_str().unwrap_or_default().contains(word)).count()
}

fn newest(chat: &Value) -> &Value {
    chat["answers"].as_array().and_then(|answers| answers.last()).unwrap_or(&Value::Null)
}

/// The id on a card.
pub fn order_id(card: &str) -> String {
    let line = card.lines().find_map(|line| line.strip_prefix("Order ")).expect("an order's id");
    line.trim().to_owned()
}

/// The bot's messages, oldest first.
pub fn bot_messages(chat: &Value) -> Vec<&Value> {
    let messages = chat["messages"].as_array().expect("messages");
    messages.iter().filter(|message| message["from"] == "bot").collect()
}

fn last_with(chat: &Value, words: &[&str]) -> Option<String> {
    let text = |message: &&Value| message["text"].as_str().unwrap_or_default().to_owned();
    let fits = |text: &String| words.iter().all(|word| text.contains(word));
    bot_messages(chat).iter().rev().map(text).find(fits)
}

/// The newest button whose label contains these words: its message and label.
pub fn find_button(chat: &Value, label: &str) -> Option<(i64, String)> {
    find_button_in(chat, label, |_| true)
}

fn find_button_in(
    chat: &Value,
    label: &str,
    fits: impl Fn(&Value) -> bool,
) -> Option<(i64, String)> {
    bot_messages(chat).into_iter().rev().filter(|message| fits(message)).find_map(|message| {
        let rows = message["buttons"].as_array()?;
        let buttons = rows.iter().flat_map(|row| row.as_array().into_iter().flatten());
        let mut labels = buttons.filter_map(|button| button["label"].as_str());
        let found = labels.find(|found| found.contains(label))?;
        Some((message["message_id"].as_i64()?, found.to_owned()))
    })
}

fn translate(pace: ring4_playground::Pace) -> Pace {
    let system = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let since = Instant::now().saturating_duration_since(pace.anchor);
    let anchor = system.saturating_sub(since).as_millis();
    Pace {
        system_anchor_ms: i64::try_from(anchor).expect("before the year 292 million"),
        anchor_ms: pace.anchor_ms,
        speed: pace.speed,
    }
}
