//! The two bots that are compared, each in a process of its own: the engine, and the least that
//! teloxide can do. The bench starts itself again to be one of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ring4::clock::Clock;
use ring4::engine::{Engine, Setup};
use ring4_telegram::sender::{Rate, SenderOptions};
use teloxide::prelude::*;

use crate::shop::{self, Vendor};

const ENGINE: &str = "--as-engine";
const ENGINE_OF_SMSPOOL: &str = "--as-engine-of-smspool";
const ECHO: &str = "--as-echo";

/// What a bot says when it serves.
const READY: &str = "ready";

/// A bot in its own process; ends with this value.
pub struct Bot(Child);

impl Bot {
    /// The engine, settled in `folder`, with the sender's limits lifted.
    pub fn engine(folder: &Path, api_url: &str, vendor: Vendor) -> Self {
        let role = match vendor {
            Vendor::Mock => ENGINE,
            Vendor::Smspool => ENGINE_OF_SMSPOOL,
        };
        Self::start([role, &folder.to_string_lossy(), api_url])
    }

    /// A bare dispatcher of teloxide's that says what it is told.
    pub fn echo(api_url: &str) -> Self {
        Self::start([ECHO, "", api_url])
    }

    fn start(arguments: [&str; 3]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim_end(), READY, "{arguments:?} did not start");
        Self(child)
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        // Closing its input asks it to end; a bot that does not is not waited for.
        drop(self.0.stdin.take());
        for _ in 0..100 {
            if self.0.try_wait().unwrap().is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Whether this process was to be a bot; then it has been one until now.
pub fn was_started_as_one(arguments: &[String]) -> bool {
    match arguments {
        [role, folder, api_url] if role == ENGINE || role == ENGINE_OF_SMSPOOL => {
            let vendor = if role == ENGINE { Vendor::Mock } else { Vendor::Smspool };
            shop::runtime().block_on(be_engine(Path::new(folder), api_url, vendor));
        }
        [role, _, api_url] if role == ECHO => shop::runtime().block_on(be_echo(api_url)),
        _ => return false,
    }
    true
}

async fn be_engine(folder: &Path, api_url: &str, vendor: Vendor) {
    let lifted = Rate { count: 1_000_000, per: Duration::from_secs(1), burst: 1_000_000 };
    let setup = Setup {
        origin: shop::origin(folder, api_url, vendor),
        clock: Clock::real(),
        verify_command: None,
        sender: SenderOptions { global: lifted, private: lifted, ..SenderOptions::default() },
        memory: ring4::trouble::Memory::default(),
    };
    let engine = Engine::start(setup).await.unwrap();
    until_told_to_end().await;
    engine.stop().await;
}

async fn be_echo(api_url: &str) {
    let bot = teloxide::Bot::new(shop::TOKEN).set_api_url(api_url.parse().unwrap());
    let handler =
        Update::filter_message().endpoint(|bot: teloxide::Bot, message: Message| async move {
            if let Some(text) = message.text() {
                bot.send_message(message.chat.id, text).await?;
            }
            respond(())
        });
    let mut dispatcher = Dispatcher::builder(bot, handler).build();
    tokio::select! {
        () = dispatcher.dispatch() => {}
        () = until_told_to_end() => {}
    }
}

/// Says that it serves, and waits until its input is closed.
async fn until_told_to_end() {
    println!("{READY}");
    std::io::stdout().flush().unwrap();
    let rest = || std::io::stdin().read_to_end(&mut Vec::new());
    tokio::task::spawn_blocking(rest).await.unwrap().unwrap();
}
