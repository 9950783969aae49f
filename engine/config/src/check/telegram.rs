//! The bot and how its updates come. Private to this crate.

use ring4_domain::ids::UserId;

use super::{Checker, LIST_LEN_MAX, Place};
use crate::raw::{Mode, RawTelegram, RawWebhook};
use crate::sections::{Telegram, Webhook};

/// Telegram's own server, which posts to public addresses only.
const OFFICIAL: &str = "https://api.telegram.org";

/// The ports that it posts to.
const PORTS: [&str; 4] = ["443", "80", "88", "8443"];

/// The longest secret that it takes, in bytes.
const SECRET_LEN_MAX: usize = 256;

/// The shortest secret that is not complained of, in bytes.
const SECRET_LEN_GOOD: usize = 16;

impl Checker<'_> {
    pub(super) fn telegram(&mut self, raw: RawTelegram) -> Telegram {
        let place = Place::of("telegram");
        self.in_range(&place.with("poll_timeout_secs"), &raw.poll_timeout_secs, 1, 50);
        self.in_range(&place.with("workers"), &raw.workers, 1, 512);
        self.few(&place.with("admins"), raw.admins.len(), LIST_LEN_MAX);
        for (item, admin) in raw.admins.iter().enumerate() {
            if *admin <= 0 {
                let place = place.with("admins").with(item);
                self.fault(&place, format!("{admin} is not the id of a person"));
            }
        }
        if raw.admins.is_empty() {
            self.warnings.push("telegram.admins is empty: nobody can approve deposits".to_owned());
        }
        if let Some(group) = raw.admin_group
            && group >= 0
        {
            let reason = format!("{group} is no group's id, which is negative");
            self.fault(&place.with("admin_group"), reason);
        }
        let api_url = self.web_address(&place.with("api_url"), &raw.api_url);
        if api_url.is_empty() {
            self.fault(&place.with("api_url"), "is empty");
        }
        Telegram {
            token: self.secret(&place.with("token"), &raw.token),
            admins: raw.admins.into_iter().map(UserId).collect(),
            admin_group: raw.admin_group.map(UserId),
            poll_timeout_secs: raw.poll_timeout_secs,
            workers: raw.workers,
            webhook: match raw.mode {
                Mode::Polling => None,
                Mode::Webhook => self.webhook(&raw.webhook, &api_url),
            },
            api_url,
        }
    }

    fn webhook(&mut self, raw: &RawWebhook, api_url: &str) -> Option<Webhook> {
        let place = Place::of("telegram.webhook");
        let url = self.web_address(&place.with("url"), &raw.url);
        if url.is_empty() {
            self.fault(&place.with("url"), "is empty, and telegram.mode is webhook");
        } else if api_url == OFFICIAL {
            self.public_address(&place.with("url"), &url);
        }
        self.in_range(&place.with("max_connections"), &raw.max_connections, 1, 100);
        let secret = self.secret(&place.with("secret"), &raw.secret);
        if let Some(secret) = &secret {
            let text = secret.expose();
            let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
            if text.len() > SECRET_LEN_MAX || !text.bytes().all(known) {
                let reason = "Telegram takes 1 to 256 of A-Z a-z 0-9 _ and - as a secret";
                self.fault(&place.with("secret"), reason);
            } else if text.len() < SECRET_LEN_GOOD {
                let warning = "the webhook's secret is short; without one a good one is made";
                self.warnings.push(warning.to_owned());
            }
        }
        let listen = self.filled(&place.with("listen"), &raw.listen);
        let Ok(listen) = listen.trim().parse() else {
            let reason = "not an address and a port such as 127.0.0.1:8080";
            self.fault(&place.with("listen"), reason);
            return None;
        };
        Some(Webhook { url, listen, secret, max_connections: raw.max_connections })
    }

    /// What Telegram's own server posts to.
    fn public_address(&mut self, place: &Place, url: &str) {
        let Some(rest) = url.strip_prefix("https://") else {
            return self.fault(place, "Telegram posts to https:// only; put a proxy in front");
        };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let after_name = host.rsplit(']').next().unwrap_or_default();
        if let Some((_, port)) = after_name.rsplit_once(':')
            && !PORTS.contains(&port)
        {
            self.fault(place, "Telegram posts to the ports 443, 80, 88 and 8443 only");
        }
    }
}
