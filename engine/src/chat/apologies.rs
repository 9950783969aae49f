//! What is said to somebody whose message or press could not be served. The chat room alone
//! imports this.

use ring4_telegram::inbound::{Incoming, Person};

use super::Chat;
use crate::screens::Voice;

impl Chat {
    pub(super) async fn apologise(&self, incoming: &Incoming) {
        let live = self.shop.live.load_full();
        let voice = |person: &Person| {
            let now = self.shop.clock.now();
            // What went wrong may be the reading itself; then the app's language has to do.
            let known = self.shop.snapshot().customer(person.id).ok().flatten();
            let chosen = known.and_then(|known| known.language);
            Voice::new(&live, chosen.as_deref().or(person.language_code.as_deref()), now)
        };
        match incoming {
            Incoming::Message(message) if message.chat.private => {
                if let Ok(screen) =
                    voice(&message.from).plain(voice(&message.from).say("trouble", &[]))
                {
                    self.say(message.chat.id, screen).await;
                }
            }
            Incoming::Press(press) => {
                let notice = voice(&press.from).say("trouble.short", &[]);
                self.answer(press, Some(notice)).await;
            }
            _ => {}
        }
    }
}
