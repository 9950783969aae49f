//! What the disk and the processor do: the reference of everything durable, and the cost of a
//! process. Every part of the bench uses this.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::table::Rounds;

/// What one entry has in the journal, about.
const APPEND_BYTES: usize = 256;

/// Appends and fdatasyncs, one after the other, for about this long; milliseconds of each.
pub fn sync_times(folder: &Path, during: Duration) -> Rounds {
    let path = folder.join("reference");
    let mut file = File::create(&path).unwrap();
    let start = Instant::now();
    let mut times = Rounds::default();
    while start.elapsed() < during {
        let begun = Instant::now();
        file.write_all(&[7; APPEND_BYTES]).unwrap();
        file.sync_data().unwrap();
        times.add_millis(begun.elapsed());
    }
    std::fs::remove_file(path).unwrap();
    times
}

/// How many appends with an fdatasync each the disk does in a second.
pub fn syncs_per_sec(folder: &Path, during: Duration) -> f64 {
    let start = Instant::now();
    let times = sync_times(folder, during);
    times.count() as f64 / start.elapsed().as_secs_f64()
}

/// Seconds of processor time that a process has used.
pub fn cpu_secs(process: u32) -> f64 {
    // Fields 14 and 15 behind the name, which may hold blanks; in ticks of 10 ms.
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}

/// Resident memory of a process in MiB.
pub fn resident_mib(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
}
