//! A shop under load that gets into trouble and out of it. Only `trouble` uses it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ring4_playground::Playground;
use tempfile::TempDir;

use crate::crash::phone::{Chat, Phone};
use crate::crash::process::{Launch, Process};
use crate::crash::{ADMINS, Crowd, WATCHER, ask, launch, open_playground, reckon, sold};

/// Customers who trade; of more the admins' chats would be so full that news come late.
const PEOPLE: usize = 4;

/// Numbers sold before trouble comes.
const SOLD_BEFORE: usize = 5;

/// How long the trade may take to get there.
const TRADE_WITHIN: Duration = Duration::from_secs(60);

/// How long the admins may wait for news.
const HEARD_WITHIN: Duration = Duration::from_secs(30);

/// Messages that are looked at for news to the admins, who are busy.
const NEWS_LOOKED_AT: usize = 200;

pub struct Scene {
    pub seed: u64,
    pub playground: Arc<Playground>,
    pub launch: Launch,
    process: Option<Process>,
    crowd: Option<Crowd>,
    begun: Instant,
    folder: TempDir,
}

impl Scene {
    /// A running shop with its data here, that keeps so many MiB of the disk free.
    pub async fn open(data: &Path, env: &[(&'static str, String)], min_free_mb: u32) -> Self {
        let seed = crate::crash::seed();
        println!("RING4_SEED={seed}");
        let folder = tempfile::tempdir().expect("a folder");
        let playground = open_playground(seed).await;
        let mut launch = launch(folder.path(), &playground);
        launch.data = data.to_owned();
        launch.env.extend(env.iter().cloned());
        let text = std::fs::read_to_string(&launch.config).expect("settings");
        let (from, to) = ("min_free_mb: 64", format!("min_free_mb: {min_free_mb}"));
        assert!(text.contains(from), "{from}");
        std::fs::write(&launch.config, text.replace(from, &to)).expect("written settings");
        let mut process = launch.start();
        process.runs().await;
        let (process, begun) = (Some(process), Instant::now());
        Self { seed, playground, launch, process, crowd: None, begun, folder }
    }

    fn phone(&self, person: i64) -> Phone {
        Phone::new(person, Arc::clone(&self.playground))
    }

    /// Somebody whom the crowd leaves alone.
    fn watcher(&self) -> Phone {
        self.phone(WATCHER)
    }

    /// Lets people in and waits until trade is brisk.
    pub async fn trade(&mut self) {
        let watcher = self.watcher();
        ask(&watcher, "/balance", "Your wallet").await;
        self.crowd = Some(Crowd::gather(self.seed, &self.playground, PEOPLE));
        let end = Instant::now() + TRADE_WITHIN;
        while self.sold().await < SOLD_BEFORE {
            assert!(Instant::now() < end, "no trade:\n{}", self.launch.log.tail());
            ask(&watcher, "/balance", "Your wallet").await;
        }
    }

    async fn sold(&self) -> usize {
        sold(&self.playground).await
    }

    /// How often each admin was told something with these words.
    async fn told(&self, words: &str) -> Vec<usize> {
        let mut counts = Vec::new();
        for admin in ADMINS {
            let chat = self.phone(admin).look(NEWS_LOOKED_AT).await;
            counts.push(chat.messages.iter().filter(|told| told.text.contains(words)).count());
        }
        counts
    }

    /// Waits until the admins have heard something with these words.
    pub async fn hear(&self, words: &str) {
        let heard = |chat: &Chat| chat.says(0, &[words]).then_some(());
        for admin in ADMINS {
            let phone = self.phone(admin);
            let hearing = phone.waits(NEWS_LOOKED_AT, heard);
            if tokio::time::timeout(HEARD_WITHIN, hearing).await.is_err() {
                panic!("{admin} never heard “{words}”:\n{}", self.launch.log.tail());
            }
        }
    }

    /// Waits until the admins know of the trouble, and sees what customers can do in it.
    pub async fn suffer(&mut self, cause: &str) {
        self.hear("Selling has stopped").await;
        self.hear(cause).await;
        let watcher = self.watcher();
        for (text, answer) in [
            ("/balance", "Your wallet"),
            ("/orders", "You have no orders yet"),
            ("/history", "Nothing has happened"),
            ("/help", "How it works"),
            ("/deposit 7", "The shop cannot take orders"),
            ("/start buy_whatsapp_US", "The shop cannot take orders"),
            ("/balance", "Your wallet"),
        ] {
            ask(&watcher, text, answer).await;
        }
        self.crowd.as_mut().expect("people").check().await;
    }

    /// Waits until a number is sold.
    pub async fn sells(&mut self) {
        let sold = self.sold().await;
        let end = Instant::now() + TRADE_WITHIN;
        while self.sold().await <= sold {
            assert!(Instant::now() < end, "no trade:\n{}", self.launch.log.tail());
            ask(&self.watcher(), "/balance", "Your wallet").await;
        }
        self.lives(Duration::ZERO).await;
    }

    /// Lets the shop live for so long.
    pub async fn lives(&mut self, span: Duration) {
        self.process.as_mut().expect("a process").lives(span).await;
    }

    pub async fn start(&mut self) {
        let process = self.process.insert(self.launch.start());
        process.runs().await;
    }

    pub async fn stop(&mut self) {
        self.process.take().expect("a process").stop().await;
    }

    pub async fn restart(&mut self) {
        self.stop().await;
        self.start().await;
    }

    pub async fn kill(&mut self) {
        self.process.take().expect("a process").kill().await;
    }

    /// Waits until the shop sells again, by itself.
    pub async fn recover(&mut self) {
        self.hear("Selling goes on").await;
        self.sells().await;
        assert_eq!(self.told("Selling has stopped").await, [1, 1]);
        assert_eq!(self.told("Selling goes on").await, [1, 1]);
    }

    /// Everybody goes home, and the books are audited.
    pub async fn reckon(mut self) {
        let deeds = self.crowd.take().expect("people").go_home().await;
        self.stop().await;
        let (audit, updates) = reckon(&self.launch, &self.playground, deeds).await;
        let findings = audit.findings();
        println!(
            "{:.0?}; {} updates; {}",
            self.begun.elapsed(),
            updates["confirmed"],
            audit.figures()
        );
        if !findings.is_empty() {
            let kept = self.folder.keep();
            panic!("seed {}, kept {}: {findings:#?}", self.seed, kept.display());
        }
    }
}
