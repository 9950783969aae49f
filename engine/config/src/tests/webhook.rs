//! How updates come: what is written, what it becomes, what is refused.

use super::{fault, shipped};

#[test]
fn the_former_names_turn_the_webhook_on() {
    let pairs = [
        ("ENABLE_WEBHOOK_MODE", "true"),
        ("WEBHOOK_URL", "https://bot.example.org/telegram/"),
        ("WEBHOOK_SECRET", " a-secret-of-the-tests "),
    ];
    let loaded = shipped(&pairs);
    let webhook = loaded.config.fixed.telegram.webhook.clone().unwrap();
    assert_eq!(webhook.url, "https://bot.example.org/telegram");
    assert_eq!(webhook.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(webhook.secret.as_ref().unwrap().expose(), "a-secret-of-the-tests");
    assert_eq!(webhook.max_connections, 40);
    assert!(!format!("{:?}", loaded.config).contains("of-the-tests"));
    assert!(loaded.warnings.iter().all(|warning| !warning.contains("WEBHOOK")));

    let off = shipped(&[("ENABLE_WEBHOOK_MODE", "false"), pairs[1], pairs[2]]).config;
    assert_eq!(off.fixed.telegram.webhook, None);
    assert_eq!(off.restart_keys(&loaded.config), ["telegram.mode"]);
    let unkept = shipped(&pairs[..2]).config;
    assert_eq!(unkept.fixed.telegram.webhook.clone().unwrap().secret, None);
    assert_eq!(unkept.restart_keys(&loaded.config), ["telegram.webhook"]);
    let short = shipped(&[pairs[0], pairs[1], ("WEBHOOK_SECRET", "short")]);
    assert!(short.warnings.iter().any(|warning| warning.contains("secret is short")));
}

#[test]
fn what_telegram_does_not_post_to_is_refused() {
    let on = ("ENABLE_WEBHOOK_MODE", "true");
    let local = ("BOT_API_URL", "http://127.0.0.1:8081");
    let refused: &[(&[(&str, &str)], &str)] = &[
        (&[on], "telegram.webhook.url: is empty, and telegram.mode is webhook"),
        (&[on, ("WEBHOOK_URL", "http://x.org/")], "WEBHOOK_URL: Telegram posts to https:// only"),
        (&[on, ("WEBHOOK_URL", "https://x.org:8444/")], "to the ports 443, 80, 88 and 8443 only"),
        (&[on, ("WEBHOOK_URL", "https://[::1]:81/a:443")], "to the ports 443, 80, 88 and 8443"),
        (&[on, ("WEBHOOK_URL", "ftp://x.org")], "WEBHOOK_URL: not an address such as"),
        (&[on, ("WEBHOOK_SECRET", "no spaces")], "WEBHOOK_SECRET: Telegram takes 1 to 256 of"),
    ];
    for (pairs, want) in refused {
        let found = fault("{}", pairs);
        assert!(found.contains(want), "{pairs:?}: {found}");
    }
    let text = "telegram:\n  mode: webhook\n  webhook: { listen: localhost, max_connections: 0 }\n";
    let found = fault(text, &[("WEBHOOK_URL", "https://x.org:8443")]);
    assert!(found.contains("webhook.listen: not an address and a port"), "{found}");
    assert!(found.contains("webhook.max_connections: 0 is outside 1 to 100"), "{found}");
    // A Bot API server of one's own posts anywhere.
    for url in ["http://127.0.0.1:9/hook", "https://x.org:8444"] {
        let config = shipped(&[on, local, ("WEBHOOK_URL", url)]).config;
        assert_eq!(config.fixed.telegram.webhook.unwrap().url, url);
    }
}
