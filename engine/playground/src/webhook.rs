//! Posts updates to the bot's webhook, one after another. Only this crate.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;

use crate::world::World;
use crate::world::updates::Webhook;

/// How long the bot may take to answer.
const POST_TIMEOUT: Duration = Duration::from_secs(30);

/// The first pause after a failed post; it doubles with every further one.
const PAUSE_MIN: Duration = Duration::from_millis(250);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// The header that carries the webhook's secret.
const SECRET_HEADER: &str = "X-Telegram-Bot-Api-Secret-Token";

struct Delivery {
    update_id: i64,
    body: Box<str>,
    webhook: Webhook,
    generation: u64,
}

/// Delivers until shutdown. An update leaves the queue only when the bot answered 2xx.
pub(crate) async fn deliver(world: Arc<World>, client: Client) {
    let mut pause = PAUSE_MIN;
    loop {
        let came = world.update_came.notified();
        tokio::pin!(came);
        came.as_mut().enable();
        let Some(delivery) = next(&world) else {
            tokio::select! {
                () = &mut came => continue,
                () = world.shutdown.cancelled() => return,
            }
        };
        let outcome = tokio::select! {
            outcome = post(&client, &delivery) => outcome,
            () = world.shutdown.cancelled() => return,
        };
        if settle(&world, &delivery, outcome) {
            pause = PAUSE_MIN;
            continue;
        }
        // A changed webhook ends the pause early: the new one deserves a fresh try.
        let changed = async {
            while world.lock().updates.webhook_generation == delivery.generation {
                world.update_came.notified().await;
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(PAUSE_MAX),
            () = changed => pause = PAUSE_MIN,
            () = world.shutdown.cancelled() => return,
        }
    }
}

fn next(world: &World) -> Option<Delivery> {
    let mut state = world.lock();
    state.updates.expire(world.clock.now_ms());
    let webhook = state.updates.webhook.clone()?;
    let update = state.updates.first()?;
    Some(Delivery {
        update_id: update.id,
        body: update.json.clone(),
        webhook,
        generation: state.updates.webhook_generation,
    })
}

async fn post(client: &Client, delivery: &Delivery) -> Result<(), String> {
    let mut request = client
        .post(&delivery.webhook.url)
        .timeout(POST_TIMEOUT)
        .header(CONTENT_TYPE, "application/json")
        .body(String::from(delivery.body.clone()));
    if let Some(secret) = &delivery.webhook.secret {
        request = request.header(SECRET_HEADER, secret);
    }
    match request.send().await {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("Wrong response from the webhook: {}", answer.status())),
        Err(error) if error.is_timeout() => Err("Read timeout expired".to_owned()),
        Err(_) => Err("Connection failed".to_owned()),
    }
}

/// Books the outcome of a post; whether it was delivered.
fn settle(world: &World, delivery: &Delivery, outcome: Result<(), String>) -> bool {
    let mut state = world.lock();
    match outcome {
        Ok(()) => {
            state.updates.confirm(delivery.update_id + 1);
            true
        }
        Err(message) => {
            let date = world.clock.now_secs();
            if let Some(webhook) = &mut state.updates.webhook {
                webhook.last_error = Some((date, message));
            }
            false
        }
    }
}
