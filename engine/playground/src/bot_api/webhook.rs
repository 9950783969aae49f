//! `setWebhook` and its kin; the sending itself is in `crate::webhook`. Only this crate.

use serde_json::json;

use super::answer::{Answer, Refusal, result_of, true_result};
use super::parameters::Parameters;
use super::updates::allowed_updates;
use crate::world::World;
use crate::world::updates::Webhook;

/// `setWebhook`. Telegram asks for https and one of four ports; on a machine of one's own plain
/// http on any port is taken too.
pub(crate) fn set_webhook(world: &World, parameters: &mut Parameters) -> Answer {
    let url = parameters.take_text("url")?.unwrap_or_default();
    if url.is_empty() {
        return delete_webhook(world, parameters);
    }
    let is_http = url.starts_with("http://") || url.starts_with("https://");
    if !is_http || reqwest::Url::parse(&url).is_err() {
        return Err(Refusal::bad("bad webhook: invalid webhook URL specified"));
    }
    let secret = parameters.take_text("secret_token")?.filter(|secret| !secret.is_empty());
    if let Some(secret) = &secret {
        if secret.len() > 256 {
            return Err(Refusal::bad("secret token is too long"));
        }
        if !secret.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
            return Err(Refusal::bad("secret token contains unallowed characters"));
        }
    }
    let max_connections = parameters.integer("max_connections")?.unwrap_or(40).clamp(1, 100);
    let drops_pending = parameters.boolean("drop_pending_updates")?;
    let allowed = allowed_updates(parameters)?;
    let mut state = world.lock();
    if drops_pending {
        state.updates.clear();
    }
    if let Some(allowed) = allowed {
        state.updates.allowed = (!allowed.is_empty()).then_some(allowed);
    }
    state.updates.webhook = Some(Webhook { url, secret, max_connections, last_error: None });
    state.updates.webhook_generation += 1;
    drop(state);
    world.update_came.notify_waiters();
    true_result()
}

/// `deleteWebhook`.
pub(crate) fn delete_webhook(world: &World, parameters: &mut Parameters) -> Answer {
    let drops_pending = parameters.boolean("drop_pending_updates")?;
    let mut state = world.lock();
    if drops_pending {
        state.updates.clear();
    }
    state.updates.webhook = None;
    state.updates.webhook_generation += 1;
    drop(state);
    world.update_came.notify_waiters();
    true_result()
}

/// `getWebhookInfo`.
pub(crate) fn get_webhook_info(world: &World) -> Answer {
    let state = world.lock();
    let webhook = state.updates.webhook.as_ref();
    let mut report = json!({
        "url": webhook.map_or("", |webhook| webhook.url.as_str()),
        "has_custom_certificate": false,
        "pending_update_count": state.updates.len(),
    });
    if let (Some(report), Some(webhook)) = (report.as_object_mut(), webhook) {
        report.insert("max_connections".to_owned(), webhook.max_connections.into());
        if let Some((date, message)) = &webhook.last_error {
            report.insert("last_error_date".to_owned(), (*date).into());
            report.insert("last_error_message".to_owned(), message.as_str().into());
        }
    }
    if let (Some(report), Some(allowed)) = (report.as_object_mut(), &state.updates.allowed) {
        report.insert("allowed_updates".to_owned(), allowed.clone().into());
    }
    result_of(&report)
}
