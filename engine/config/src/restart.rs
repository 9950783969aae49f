//! Which settings differ that only a restart can change. Private to this crate.

use std::collections::BTreeSet;

use crate::sections::Config;

impl Config {
    /// The keys of `fixed` that differ from `other`, sorted. Empty: a reload takes everything.
    #[must_use]
    pub fn restart_keys(&self, other: &Self) -> Vec<String> {
        let (mine, theirs) = (&self.fixed, &other.fixed);
        let mut keys = BTreeSet::new();
        let mut differ = |key: &str, differs: bool| {
            if differs {
                keys.insert(key.to_owned());
            }
        };
        let (here, there) = (&mine.telegram, &theirs.telegram);
        differ("telegram.token", here.token != there.token);
        differ("telegram.api_url", here.api_url != there.api_url);
        differ("telegram.admins", here.admins != there.admins);
        differ("telegram.admin_group", here.admin_group != there.admin_group);
        differ("telegram.poll_timeout_secs", here.poll_timeout_secs != there.poll_timeout_secs);
        differ("telegram.workers", here.workers != there.workers);
        differ("telegram.mode", here.webhook.is_some() != there.webhook.is_some());
        let both = here.webhook.as_ref().zip(there.webhook.as_ref());
        differ("telegram.webhook", both.is_some_and(|(mine, theirs)| mine != theirs));
        for id in mine.providers.keys().chain(theirs.providers.keys()) {
            differ(&format!("providers.{id}"), mine.providers.get(id) != theirs.providers.get(id));
        }
        differ("plugins.dir", mine.plugins.dir != theirs.plugins.dir);
        differ("plugins.allow", mine.plugins.allow != theirs.plugins.allow);
        let (here, there) = (&mine.storage, &theirs.storage);
        differ("storage.data_dir", here.data_dir != there.data_dir);
        differ("storage.min_free_mb", here.min_free_mb != there.min_free_mb);
        let (here, there) = (&mine.vault, &theirs.vault);
        differ("backup.dir", here.dir != there.dir);
        differ("backup.recipient", here.recipient != there.recipient);
        differ("backup.passphrase", here.passphrase != there.passphrase);
        differ("backup.copy_to", here.copy_to != there.copy_to);
        differ("logging.level", mine.logging.level != theirs.logging.level);
        differ("logging.format", mine.logging.format != theirs.logging.format);
        keys.into_iter().collect()
    }
}
