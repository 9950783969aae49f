//! The admins' group: its cards can be decided about there, by admins only. Everything else is
//! said in private chats, because in a group an answer would show a wallet to all.

use ring4_telegram::command;
use ring4_telegram::inbound::{Message, Person};
use ring4_telegram::outgoing::ChatId;

use super::Chat;
use super::commands;
use super::press::Press;
use crate::screens::Voice;
use crate::shop::ShopError;

impl Chat {
    /// Whether this is the group that the settings name.
    pub(super) fn is_admin_group(&self, chat: ChatId) -> bool {
        self.shop.live.load().policy.admin_group.map(ChatId::from) == Some(chat)
    }

    /// Decides as in a private chat, or says in two words why not. Whoever is no admin becomes no
    /// customer by it.
    pub(super) async fn press_in_group(
        &self,
        press: &ring4_telegram::inbound::Press,
    ) -> Result<(), ShopError> {
        let admin = self.shop.is_admin(press.from.id);
        let meaning = press.data.parse::<Press>();
        if admin && meaning.is_ok_and(|meaning| meaning.is_for_group()) {
            return self.press(press).await;
        }
        let key = if admin { "group.privately" } else { "group.admins_only" };
        if !admin {
            let (user, trace) = (press.from.id, press.update_id);
            tracing::warn!(%user, trace, "somebody else pressed a button of the admins' group");
        }
        self.answer(press, Some(self.say_to(&press.from, key)?)).await;
        Ok(())
    }

    /// Tells an admin where commands belong; nobody else is answered.
    pub(super) async fn message_in_group(&self, message: &Message) -> Result<(), ShopError> {
        let Some(command) = message.text.as_deref().and_then(command::split) else {
            return Ok(());
        };
        let own = self.shop.username.get().map(|name| name.to_ascii_lowercase());
        let elsewhere = command.mention.is_some() && command.mention != own;
        if elsewhere
            || !self.shop.is_admin(message.from.id)
            || commands::find(&command.name, true).is_none()
        {
            return Ok(());
        }
        let live = self.shop.live.load_full();
        let voice = Voice::new(&live, None, self.shop.clock.now());
        self.say(message.chat.id, voice.plain(voice.say("group.commands", &[]))?).await;
        Ok(())
    }

    /// A text in a person's language, whether or not they are a customer.
    fn say_to(&self, person: &Person, key: &str) -> Result<String, ShopError> {
        let known = self.shop.snapshot().customer(person.id)?;
        let chosen = known.and_then(|known| known.language);
        let language = chosen.as_deref().or(person.language_code.as_deref());
        let live = self.shop.live.load_full();
        Ok(Voice::new(&live, language, self.shop.clock.now()).say(key, &[]))
    }
}
