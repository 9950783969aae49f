//! Backups and checks as admins and operators meet them: the commands in the chat, the schedule
//! across restarts, the command line beside a running shop.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use crate::world::{ADA, ANNA, PATIENCE, Vendor, World};

/// The backups of a shop, by name, oldest first.
fn backups(world: &World) -> Vec<String> {
    let folder = world.folder.path().join("data/backups");
    let mut names: Vec<String> = match std::fs::read_dir(folder) {
        Ok(files) => files
            .map(|file| file.expect("a file").file_name().to_string_lossy().into_owned())
            .filter(|name| name.ends_with(".ring4"))
            .collect(),
        Err(_) => Vec::new(),
    };
    names.sort_by_key(|name| name.split_once('_').map(|(_, time)| time.to_owned()));
    names
}

/// `ring4` with these words, on this shop's settings and data.
async fn ring4(world: &World, words: &[&str]) -> Output {
    let folder: PathBuf = world.folder.path().to_owned();
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let run = move || {
        Command::new(env!("CARGO_BIN_EXE_ring4"))
            .args(words)
            .args([Path::new("--config"), &folder.join("config.yaml")])
            .args([Path::new("--data"), &folder.join("data")])
            .output()
            .expect("the program")
    };
    tokio::task::spawn_blocking(run).await.expect("an answer")
}

fn said(output: &Output) -> String {
    let (out, errors) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(errors))
}

/// Asks until the shop has so many backups and none is under way.
async fn until_backups(world: &World, count: usize) {
    let end = Instant::now() + PATIENCE;
    loop {
        world.say(ADA, "/db_status").await;
        let status = world.newest(ADA, &["Protected storage"]).await;
        if status.contains(&format!("Backups {count}\n")) && !status.contains("under way") {
            break;
        }
        assert!(Instant::now() < end, "not {count} backups: {status}");
    }
    assert_eq!(backups(world).len(), count);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_keeps_the_storage_from_the_chat() {
    let world = World::open(Vendor::Mock).await;
    world.deposit(ANNA, "10").await;
    world.say(ADA, "/db_backups").await;
    world.hears(ADA, &["No backup has been made yet"]).await;
    world.say(ADA, "/db_backup before the holidays").await;
    world.hears(ADA, &["Making a backup"]).await;
    world.hears(ADA, &["✅ Backup manual_", "restored beside the shop and compared"]).await;
    world.say(ADA, "/db_emergency").await;
    world.hears(ADA, &["✅ Backup emergency_"]).await;
    world.say(ADA, "/db_backups").await;
    world.hears(ADA, &["newest first", "manual", "“before the holidays”", "emergency"]).await;
    world.say(ADA, "/db_validate").await;
    world.hears(ADA, &["All is well", "entries and"]).await;
    world.say(ADA, "/db_status").await;
    world.hears(ADA, &["Protected storage", "all is well", "Backups 2", "Last", "Next"]).await;
    world.press(ADA, "Check now").await;
    world.hears(ADA, &["Checking every entry"]).await;
    world.until_count(ADA, "All is well:", 2).await;
    let kept = backups(&world);
    assert_eq!(kept.len(), 2);

    // What a restore left behind is in the list as such, and is nobody's last backup.
    let left = kept.iter().find(|name| name.starts_with("emergency_")).expect("an emergency");
    let folder = world.folder.path().join("data/backups");
    let behind = folder.join("emergency_2099-01-01T00-00-00Z.ring4.superseded");
    std::fs::rename(folder.join(left), behind).expect("renamed");
    world.say(ADA, "/db_backup after it").await;
    world.until_count(ADA, "✅ Backup manual_", 2).await;
    world.say(ADA, "/db_backups").await;
    world.hears(ADA, &["superseded by a restore", "“after it”"]).await;
    world.say(ADA, "/db_status").await;
    world.newest(ADA, &["Backups 3", "· manual ·", "“after it”"]).await;

    for word in ["/db_status", "/db_backups", "/db_backup", "/db_emergency", "/db_validate"] {
        world.say(ANNA, word).await;
        world.newest(ANNA, &["I do not know that command"]).await;
        world.say(ANNA, "/balance").await;
        world.newest(ANNA, &["Your wallet"]).await;
    }
    assert_eq!(backups(&world).len(), 2, "a customer made a backup");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_keep_their_time_across_restarts() {
    let hour = 3_600;
    let mut world = World::open(Vendor::Mock).await;
    // The first one comes an hour after the first entry, the next ones 72 hours after the last.
    until_backups(&world, 0).await;
    world.advance(hour + 60).await;
    until_backups(&world, 1).await;
    world.stop().await;
    world.start().await;
    world.advance(70 * hour).await;
    // Early is early, before and after a restart.
    world.stop().await;
    world.start().await;
    until_backups(&world, 1).await;
    // A shop that was closed when it was due catches up once.
    world.stop().await;
    world.advance(100 * hour).await;
    world.start().await;
    until_backups(&world, 2).await;
    world.stop().await;
    world.start().await;
    until_backups(&world, 2).await;
    // What was asked for by hand counts: the next one is due 72 hours after it.
    world.advance(60).await;
    world.say(ADA, "/db_backup").await;
    until_backups(&world, 3).await;
    world.advance(71 * hour).await;
    until_backups(&world, 3).await;
    world.advance(2 * hour).await;
    until_backups(&world, 4).await;
    let kinds: Vec<String> = backups(&world)
        .iter()
        .map(|name| name.split('_').next().unwrap_or("").to_owned())
        .collect();
    assert_eq!(kinds, ["auto", "auto", "manual", "auto"]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_works_beside_a_running_shop_and_without_one() {
    let mut world = World::open(Vendor::Mock).await;
    world.deposit(ANNA, "10").await;
    for running in [true, false] {
        if !running {
            world.stop().await;
        }
        // words, exit code, what is said
        let rows: [(&[&str], i32, &[&str]); 6] = [
            (
                &["backup", "create", "--note", "from cron"],
                0,
                &["manual_", "restored and compared"],
            ),
            (&["backup", "create", "--emergency"], 0, &["emergency_", "restored and compared"]),
            (&["backup", "list"], 0, &["emergency_", "manual_", "from cron"]),
            (&["backup", "verify"], 0, &["entries and", "restored and compared"]),
            (&["backup", "verify", "no-such-file"], 1, &["no-such-file"]),
            (&["audit", "--json"], 0, &["\"sound\":true", "\"findings\":[]"]),
        ];
        for (words, code, wanted) in rows {
            let output = ring4(&world, words).await;
            let said = said(&output);
            assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
            for wanted in wanted {
                assert!(said.contains(wanted), "{words:?} lacks “{wanted}”: {said}");
            }
        }
    }
    assert_eq!(backups(&world).len(), 4);
    world.start().await;
    world.say(ANNA, "/balance").await;
    world.newest(ANNA, &["Available $10.00"]).await;
    world.close().await;
}

/// Throws the state away and flips a bit of the journal, at a share of its length.
fn damage(world: &World, percent: usize) {
    let data = world.folder.path().join("data");
    std::fs::remove_dir_all(data.join("state")).expect("a state");
    let path = data.join("journal/00000000000000000001.log");
    let mut bytes = std::fs::read(&path).expect("a journal");
    let at = bytes.len() * percent / 100;
    bytes[at] ^= 4;
    std::fs::write(&path, bytes).expect("a damaged journal");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_shop_comes_back_whole_or_stays_closed() {
    let mut world = World::open(Vendor::Mock).await;
    world.deposit(ANNA, "10").await;
    world.say(ADA, "/db_backup").await;
    world.hears(ADA, &["✅ Backup manual_"]).await;
    world.deposit(ANNA, "20").await;

    // The backup has what the journal lost, the journal has what came after the backup.
    world.stop().await;
    damage(&world, 20);
    world.start().await;
    world.hears(ADA, &["The storage was damaged when I started", "restored from"]).await;
    world.say(ANNA, "/balance").await;
    world.newest(ANNA, &["Available $30.00"]).await;
    world.buy(ANNA).await;
    world.hears(ANNA, &["Number +"]).await;

    // Nothing has what is lost now: what there is can be read, and nothing is sold.
    world.stop().await;
    std::fs::remove_dir_all(world.folder.path().join("data/backups")).expect("backups");
    damage(&world, 50);
    world.start().await;
    world.hears(ADA, &["Selling has stopped", "could not be brought back", "are lost"]).await;
    world.say(ANNA, "/balance").await;
    world.newest(ANNA, &["Your wallet"]).await;
    world.say(ANNA, "/deposit 10").await;
    world.newest(ANNA, &["The shop cannot take orders or payments right now"]).await;

    // A human has looked, and takes the loss.
    world.stop().await;
    let output = ring4(&world, &["backup", "restore", "--accept-loss", "--yes"]).await;
    assert!(output.status.success(), "{}", said(&output));
    world.start().await;
    world.deposit(ANNA, "10").await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_goes_back_to_the_moment_before_a_mistake() {
    let mut world = World::open(Vendor::Mock).await;
    world.deposit(ANNA, "10").await;
    world.say(ADA, "/db_backup").await;
    let made = world.hears(ADA, &["✅ Backup manual_"]).await;
    let entries = made.split(": ").nth(1).and_then(|rest| rest.split(' ').next()).expect("entries");
    world.deposit(ANNA, "500").await;
    let output = ring4(&world, &["backup", "restore", "--yes", "--to", entries]).await;
    assert!(said(&output).contains("is in use; stop the bot first"), "{}", said(&output));
    world.stop().await;
    let output = ring4(&world, &["backup", "restore", "--to", entries]).await;
    assert!(said(&output).contains("--yes restores without asking"), "{}", said(&output));
    let kept = backups(&world);
    let output = ring4(&world, &["backup", "restore", "--yes", "nothing.ring4"]).await;
    assert!(said(&output).contains("nothing.ring4: there is no such file"), "{}", said(&output));
    assert_eq!(backups(&world), kept, "a backup was made before nothing");
    let output = ring4(&world, &["backup", "restore", "--yes", "--to", "yesterday"]).await;
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let output = ring4(&world, &["backup", "restore", "--yes", "--to", entries]).await;
    let told = said(&output);
    assert!(output.status.success(), "{told}");
    assert!(told.contains(&format!("up to entry {entries};")), "{told}");
    assert!(told.contains("were left out"), "{told}");
    assert!(world.folder.path().join("data/before-restore-1").is_dir(), "{told}");
    world.start().await;
    world.say(ANNA, "/balance").await;
    world.newest(ANNA, &["Available $10.00"]).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_gone_comes_back_from_its_copies() {
    let mut world = World::open(Vendor::Mock).await;
    world.stop().await;
    let copies = world.folder.path().join("mounted");
    let nothing = world.folder.path().join("nothing");
    for folder in [&copies, &nothing] {
        std::fs::create_dir(folder).expect("a folder");
    }
    let place = |folder: &Path| folder.to_str().expect("a name").to_owned();
    let (copies, nothing) = (place(&copies), place(&nothing));
    let copy_to = format!("copy_to: {copies}");
    world.save("config.yaml", &ring4_config::SHIPPED.replace("copy_to: null", &copy_to));
    world.start().await;
    world.deposit(ANNA, "10").await;
    world.buy(ANNA).await;
    let card = world.hears(ANNA, &["Number +"]).await;
    let number = card.split("Number ").nth(1).and_then(|rest| rest.lines().next()).expect("one");
    let end = Instant::now() + PATIENCE;
    loop {
        world.say(ADA, "/db_status").await;
        let status = world.newest(ADA, &["Protected storage"]).await;
        if status.contains(&format!("Copies in {copies}, up to the last entry")) {
            break;
        }
        assert!(Instant::now() < end, "not copied: {status}");
    }
    world.stop().await;
    std::fs::remove_dir_all(world.folder.path().join("data")).expect("a folder that is gone");

    let output = ring4(&world, &["backup", "restore", "--yes", "--from", &nothing]).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("no shop is there"), "{}", said(&output));
    let output = ring4(&world, &["backup", "restore", "--yes", "--from", &copies]).await;
    let told = said(&output);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("was backed up as"), "{told}");
    world.start().await;
    world.say(ANNA, "/orders").await;
    world.newest(ANNA, &["Your orders"]).await;
    let before = world.count(ANNA, number).await;
    world.press(ANNA, "Ring4").await;
    world.until_count(ANNA, number, before + 1).await;
    world.close().await;
}
