//! Answers on their way out: said, edited, shown on a press; and what is left to do where one was
//! not delivered. Only the chat room uses it.

use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::ids::{MessageId, UserId};
use ring4_telegram::outgoing::{Call, ChatId, Markup, Outgoing, Priority, Sent};
use ring4_telegram::sender::SendError;

use super::Chat;
use crate::executor::SubmitError;
use crate::screens::Screen;

impl Chat {
    pub(super) async fn send(&self, chat: ChatId, call: Call) -> Option<Result<Sent, SendError>> {
        let outgoing = Outgoing { chat, priority: Priority::Answer, call };
        match self.shop.sender.send(outgoing).await {
            Err(SendError::Stopped) => None,
            result => Some(result),
        }
    }

    pub(super) async fn say(&self, chat: ChatId, screen: Screen) {
        let call = Call::SendMessage {
            text: screen.text,
            markup: Markup::Keyboard(screen.keyboard),
            reply_to: None,
            silent: false,
        };
        self.settle(chat, self.send(chat, call).await).await;
    }

    pub(super) async fn edit(&self, chat: ChatId, message: MessageId, screen: Screen) {
        let Screen { text, keyboard } = screen;
        let call =
            Call::EditMessage { message, text: text.clone(), keyboard: Some(keyboard.clone()) };
        match self.send(chat, call).await {
            // What cannot be edited any more is said anew.
            Some(Err(SendError::MessageGone)) => self.say(chat, Screen { text, keyboard }).await,
            result => self.settle(chat, result).await,
        }
    }

    pub(super) async fn answer(
        &self,
        press: &ring4_telegram::inbound::Press,
        notice: Option<String>,
    ) {
        // A notice that matters should not fade while it is read.
        let alert = notice.as_ref().is_some_and(|notice| notice.chars().count() > 60);
        let query_id = press.query_id.clone();
        let call = Call::AnswerPress { query_id, text: notice, alert };
        self.settle(press.chat.id, self.send(press.chat.id, call).await).await;
    }

    /// What is left to do about an answer that was not delivered.
    pub(super) async fn settle(&self, chat: ChatId, result: Option<Result<Sent, SendError>>) {
        match result {
            Some(Ok(_)) => {}
            // The process is ending before the answer went out. Never coming back from here
            // leaves the update unfinished in the inbox, and the next start answers it.
            None => std::future::pending().await,
            Some(Err(SendError::Unreachable)) => {
                let user = UserId(chat.0);
                let command = Command::SetReachable { customer: user, reachable: false };
                // In trouble nothing is noted down; the next message finds out again.
                let noted = self.shop.submit(Actor::Engine, "unreachable", command).await;
                if let Err(SubmitError::Stopped(_)) = noted {
                    std::future::pending::<()>().await;
                }
            }
            Some(Err(error)) => tracing::warn!(%error, "an answer was not delivered"),
        }
    }
}
