//! A process that writes and is killed with SIGKILL, again and again: what it acknowledged is
//! there, and journal and state agree.

use std::env;
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ring4_domain::change::{Change, Seq};
use ring4_storage::{Options, Store};

use crate::shop::{commit, customer, end, fold, pay_in, place};

const ROUNDS: u64 = 24;

/// Tells the child where to write.
const DIR: &str = "RING4_TEST_STORE_DIR";

/// More than a child ever gets to before it is killed.
const COMMITS_MAX: u64 = 200_000;

/// Small segments, so that some deaths fall on the beginning of a new one.
fn options() -> Options {
    Options { segment_bytes: 16_000, ..Options::default() }
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_sigkill() {
    if let Ok(dir) = env::var(DIR) {
        return write_until_killed(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let mut entries = 0;
    for round in 0..ROUNDS {
        // Some are killed while starting, some after a few commits, some after many.
        let acknowledged = acknowledged_before_kill(dir.path(), (round * 7) % 31);
        let (store, recovery) = Store::open(dir.path(), &options()).unwrap();
        let head = store.head();
        if let Some(acknowledged) = acknowledged {
            assert!(head.seq >= acknowledged, "round {round}: {acknowledged:?}, then {recovery:?}");
        }
        assert!(head.seq.0 >= entries, "round {round}");
        entries = head.seq.0;
        if round % 6 != 5 {
            continue;
        }
        let report = store.reader().verify();
        let wrong = report.findings.iter().find(|finding| {
            // The writer's orders are not complete stories; its money is.
            !finding.to_string().contains("order")
        });
        assert!(wrong.is_none(), "round {round}: {wrong:?} after {recovery:?}");
        assert_eq!(report.entries, entries);
    }
    let (store, _) = Store::open(dir.path(), &options()).unwrap();
    assert!(fold(&store.snapshot()).orders.len() > 20, "the children hardly wrote: {entries}");
}

/// Lets a child write and kills it after it has acknowledged `count` commits. Returns the last
/// entry that it acknowledged.
fn acknowledged_before_kill(dir: &Path, count: u64) -> Option<Seq> {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "kill::nothing_acknowledged_is_lost_by_sigkill", "--nocapture"]);
    let child = command.env(DIR, dir).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut child = Killed(child);
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let mut last = None;
    for _ in 0..count {
        last = next_acknowledged(&mut lines).or(last);
    }
    child.0.kill().unwrap();
    child.0.wait().unwrap();
    // What was in the pipe was acknowledged too.
    while let Some(seq) = next_acknowledged(&mut lines) {
        last = Some(seq);
    }
    last
}

fn next_acknowledged(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> Option<Seq> {
    lines.find_map(|line| line.unwrap().strip_prefix("ack ")?.parse().ok().map(Seq))
}

fn write_until_killed(dir: &Path) {
    let (mut store, _) = Store::open(dir, &options()).unwrap();
    let mut out = stdout();
    for _ in 0..COMMITS_MAX {
        let id = store.head().seq.0 * 10 + 1_000_000;
        let user = i64::try_from(id % 20).unwrap();
        let mut entries = vec![vec![Change::Customer(customer(user))], pay_in(id, user, "0.84")];
        for order in 0..id % 3 {
            entries.push(place(id + order, user, "0.42"));
            entries.push(end(id + order, user, "0.42", order == 1));
        }
        let seq = commit(&mut store, entries);
        writeln!(out, "ack {}", seq.0).unwrap();
    }
    panic!("nobody killed the writer");
}
