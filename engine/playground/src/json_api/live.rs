//! Tells open pages what changed, as server-sent events. Only this crate.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;

use super::Shared;
use super::views::overview;
use crate::world::World;

/// Changes within this time are told as one; a page needs no more than that.
const QUIET: Duration = Duration::from_millis(40);

/// `GET /playground/events`
pub(super) async fn events(
    State(world): Shared,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut changes = world.changed.subscribe();
    changes.mark_changed();
    let stream = unfold((world, changes), |(world, mut changes)| async move {
        tokio::select! {
            changed = changes.changed() => changed.ok()?,
            () = world.shutdown.cancelled() => return None,
        }
        tokio::select! {
            () = tokio::time::sleep(QUIET) => {}
            () = world.shutdown.cancelled() => return None,
        }
        changes.mark_unchanged();
        let event = Event::default().data(describe(&world));
        Some((Ok(event), (world, changes)))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

fn describe(world: &Arc<World>) -> String {
    let mut overview = overview(&world.lock());
    if let Some(overview) = overview.as_object_mut() {
        let pace = world.clock.pace();
        overview.insert("now_ms".to_owned(), pace.now_ms().into());
        overview.insert("speed".to_owned(), pace.speed.into());
    }
    overview.to_string()
}
