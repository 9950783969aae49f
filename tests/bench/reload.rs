//! How long after its save a script is live, beside the quiet time that the engine waits for.

use std::path::Path;
use std::time::{Duration, Instant};

use ring4::clock::Clock;
use ring4::engine::{Engine, Setup};
use ring4_playground::{Options, Person, Playground};
use ring4_telegram::sender::SenderOptions;

use crate::shop;
use crate::table::{Budget, Rounds, Row, short};

const SAVES: u32 = 15;

/// How long nothing must change before the files are read.
const QUIET: Duration = Duration::from_millis(100);

/// How long a save may take before the bench calls it lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures and prints.
pub fn measure() {
    shop::runtime().block_on(measure_saves());
}

async fn measure_saves() {
    let folder = tempfile::tempdir().unwrap();
    shop::settle(folder.path());
    let options = Options { people: vec![Person::admin(shop::ADMIN, "Ada")], ..Options::default() };
    let playground = Playground::start(options).await.unwrap();
    let setup = Setup {
        origin: shop::origin(
            folder.path(),
            &format!("http://{}", playground.address()),
            shop::Vendor::Mock,
        ),
        clock: Clock::real(),
        verify_command: None,
        sender: SenderOptions::default(),
        memory: ring4::trouble::Memory::default(),
    };
    let engine = Engine::start(setup).await.unwrap();
    let script = folder.path().join("scripts/pricing.rhai");
    let text = std::fs::read_to_string(&script).unwrap();
    let (mut saves, mut quiet) = (Rounds::default(), Rounds::default());
    for number in 0..SAVES {
        let before = engine.shop().live.load().version();
        let start = Instant::now();
        save(&script, &format!("{text}\n// Save {number}.\n"));
        while engine.shop().live.load().version() == before {
            assert!(start.elapsed() < PATIENCE, "a saved script never became live");
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        saves.add_millis(start.elapsed());
        quiet.add_millis(QUIET);
    }
    engine.stop().await;
    playground.stop().await;
    Row {
        what: "save of a script, until it is live",
        unit: "ms",
        figures: &saves,
        reference: ("of quiet waited for", &quiet),
        budget: Budget::Max(150.0),
        note: format!("the slowest took {} ms", short(saves.quantile(1.0))),
    }
    .print();
}

/// Saves as editors do: beside, then renamed.
fn save(path: &Path, text: &str) {
    let beside = path.with_extension("saving~");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(&beside, path).unwrap();
}
