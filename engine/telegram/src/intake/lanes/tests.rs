//! The lanes by themselves, with entries of a real inbox.

use std::sync::Arc;

use bytes::Bytes;
use ring4_domain::ids::UserId;

use super::*;
use crate::inbox::{Inbox, InboxOptions, RawUpdate};

async fn entries(count: i64) -> Vec<Entry> {
    let dir = tempfile::tempdir().expect("a folder");
    let (inbox, _) =
        Inbox::open(dir.path(), InboxOptions::default(), Arc::new(|| 1)).expect("an inbox");
    let raw = |update_id| RawUpdate { update_id, raw: Bytes::from_static(b"{}") };
    let stored = inbox.append((0..count).map(raw).collect()).expect("taken").await;
    stored.expect("an answer").expect("stored").into_iter().flatten().collect()
}

fn by(user: i64, entry: Entry) -> Incoming {
    Incoming::Blocked { update_id: entry.update_id, user: UserId(user), blocked: true }
}

/// Takes the next update: its lane, its number, and whether it was ready in memory.
fn take(lanes: &mut Lanes) -> Option<(i64, i64, bool)> {
    let (lane, job) = lanes.take()?;
    Some(match job {
        Job::Ready(incoming, entry) => {
            assert_eq!(incoming.update_id(), entry.update_id);
            (lane, entry.update_id, true)
        }
        Job::Stored(entry) => (lane, entry.update_id, false),
        Job::Unstored(incoming, _) => (lane, incoming.update_id(), true),
    })
}

#[tokio::test]
async fn a_lane_is_serial_and_lanes_take_turns() {
    let entries = entries(6).await;
    let mut lanes = Lanes::new(16, 16);
    let joined: Vec<bool> = [1, 1, 1, 2, 2, 3]
        .into_iter()
        .zip(&entries)
        .map(|(user, entry)| lanes.push(by(user, *entry), *entry))
        .collect();
    assert_eq!(joined, [true, false, false, true, false, true]);
    assert_eq!(take(&mut lanes), Some((1, 0, true)));
    assert_eq!(take(&mut lanes), Some((2, 3, true)));
    assert!(lanes.finish(1));
    assert_eq!(take(&mut lanes), Some((3, 5, true)));
    assert!(!lanes.finish(3));
    assert_eq!(take(&mut lanes), Some((1, 1, true)), "2 still runs");
    assert_eq!(take(&mut lanes), None);
    assert!(lanes.finish(2) && lanes.finish(1));
    assert_eq!(take(&mut lanes), Some((2, 4, true)));
    assert_eq!(take(&mut lanes), Some((1, 2, true)));
    assert!(!lanes.finish(1) && !lanes.finish(2));
    assert!(lanes.lanes.is_empty());
    assert_eq!((lanes.waiting(), lanes.ready), (0, 0));
}

#[tokio::test]
async fn memory_is_bounded_per_lane_and_in_all() {
    let entries = entries(12).await;
    let mut lanes = Lanes::new(2, 5);
    for (index, entry) in entries.iter().enumerate() {
        let user = i64::try_from(index / 3).expect("small");
        lanes.push(by(user, *entry), *entry);
    }
    assert_eq!((lanes.waiting(), lanes.ready), (12, 5));
    let mut ready = Vec::new();
    while let Some((lane, update_id, in_memory)) = take(&mut lanes) {
        if in_memory {
            ready.push(update_id);
        }
        lanes.finish(lane);
    }
    ready.sort_unstable();
    assert_eq!(ready, [0, 1, 3, 4, 6], "two of each lane, five in all");
}
