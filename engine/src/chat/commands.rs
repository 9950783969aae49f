//! The one table of commands: it drives the parser, the help text and Telegram's command menus.
//! The chat room and the start-up import this.

use crate::chat::desk::DeskVerb;

/// Who may use a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everyone.
    Customer,
    /// Admins; to everyone else the command does not exist.
    Admin,
}

/// What a command leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// The menu.
    Start,
    /// Offers.
    Buy,
    /// The customer's orders.
    Orders,
    /// Cancel an order.
    Cancel,
    /// The wallet.
    Balance,
    /// Pay in.
    Deposit,
    /// The wallet's entries.
    History,
    /// What was booked for an order.
    Receipt,
    /// How each service does.
    Status,
    /// The language to be spoken to in.
    Language,
    /// Help.
    Help,
    /// How to reach a human.
    Support,
    /// The dashboard.
    Admin,
    /// What vendors offer of each service.
    Offers,
    /// The queue of deposits.
    Deposits,
    /// Credit a deposit.
    ApproveDeposit,
    /// Refuse a deposit.
    RejectDeposit,
    /// Give a deposit's stars back.
    RefundStars,
    /// What holds for purchases and payments.
    Terms,
    /// Who helps with payments.
    PaymentSupport,
    /// The vendors and their plugins.
    Providers,
    /// Journal, backups and disk.
    Database,
    /// The backups kept.
    Backups,
    /// Make a backup.
    MakeBackup,
    /// Make a backup before something worse happens.
    MakeEmergencyBackup,
    /// Check everything.
    Validate,
    /// Ask for the money of a delivered order back.
    Refund,
    /// Something on the admins' desk.
    Desk(DeskVerb),
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// Its name, without the slash.
    pub name: &'static str,
    /// Former names that keep working; not in the menu.
    pub aliases: &'static [&'static str],
    /// What it does.
    pub verb: Verb,
    /// Who may use it.
    pub audience: Audience,
    /// The key of its one-line description.
    pub description: &'static str,
}

const fn row(
    name: &'static str,
    aliases: &'static [&'static str],
    verb: Verb,
    audience: Audience,
    description: &'static str,
) -> Command {
    Command { name, aliases, verb, audience, description }
}

const fn desk(
    name: &'static str,
    aliases: &'static [&'static str],
    verb: DeskVerb,
    description: &'static str,
) -> Command {
    row(name, aliases, Verb::Desk(verb), Audience::Admin, description)
}

/// The table, in the order in which menus and help show it.
pub const COMMANDS: &[Command] = &[
    row("start", &[], Verb::Start, Audience::Customer, "command.start"),
    row("buy", &["order"], Verb::Buy, Audience::Customer, "command.buy"),
    row("orders", &[], Verb::Orders, Audience::Customer, "command.orders"),
    row("cancel", &[], Verb::Cancel, Audience::Customer, "command.cancel"),
    row("balance", &[], Verb::Balance, Audience::Customer, "command.balance"),
    row("deposit", &[], Verb::Deposit, Audience::Customer, "command.deposit"),
    row("history", &[], Verb::History, Audience::Customer, "command.history"),
    row("receipt", &[], Verb::Receipt, Audience::Customer, "command.receipt"),
    row("status", &[], Verb::Status, Audience::Customer, "command.status"),
    row("language", &[], Verb::Language, Audience::Customer, "command.language"),
    row("refund", &[], Verb::Refund, Audience::Customer, "command.refund"),
    row("help", &[], Verb::Help, Audience::Customer, "command.help"),
    row("support", &["contact"], Verb::Support, Audience::Customer, "command.support"),
    row("terms", &[], Verb::Terms, Audience::Customer, "command.terms"),
    row("paysupport", &[], Verb::PaymentSupport, Audience::Customer, "command.paysupport"),
    row("admin", &[], Verb::Admin, Audience::Admin, "command.admin"),
    row("services", &[], Verb::Offers, Audience::Admin, "command.services"),
    row("deposits", &[], Verb::Deposits, Audience::Admin, "command.deposits"),
    row("approve_deposit", &[], Verb::ApproveDeposit, Audience::Admin, "command.approve_deposit"),
    row("reject_deposit", &[], Verb::RejectDeposit, Audience::Admin, "command.reject_deposit"),
    row("refund_stars", &[], Verb::RefundStars, Audience::Admin, "command.refund_stars"),
    desk("refunds", &[], DeskVerb::Refunds, "command.refunds"),
    desk("process_refund", &["approve_refund"], DeskVerb::ApproveRefund, "command.process_refund"),
    desk("reject_refund", &[], DeskVerb::RejectRefund, "command.reject_refund"),
    desk("user", &[], DeskVerb::Customer, "command.user"),
    desk("adjust", &[], DeskVerb::Adjust, "command.adjust"),
    desk("block", &[], DeskVerb::Block, "command.block"),
    desk("audit", &[], DeskVerb::Audit, "command.audit"),
    desk("maintenance", &[], DeskVerb::Maintenance, "command.maintenance"),
    desk("stats", &[], DeskVerb::Stats, "command.stats"),
    desk("export", &[], DeskVerb::Export, "command.export"),
    desk("logs", &[], DeskVerb::Logs, "command.logs"),
    desk("rules", &[], DeskVerb::Rules, "command.rules"),
    desk("broadcast", &[], DeskVerb::Broadcast, "command.broadcast"),
    row("providers", &[], Verb::Providers, Audience::Admin, "command.providers"),
    row("db_status", &[], Verb::Database, Audience::Admin, "command.db_status"),
    row("db_backups", &[], Verb::Backups, Audience::Admin, "command.db_backups"),
    row("db_backup", &[], Verb::MakeBackup, Audience::Admin, "command.db_backup"),
    row("db_emergency", &[], Verb::MakeEmergencyBackup, Audience::Admin, "command.db_emergency"),
    row("db_validate", &[], Verb::Validate, Audience::Admin, "command.db_validate"),
];

/// The command of this name, if this person may use it.
#[must_use]
pub fn find(name: &str, admin: bool) -> Option<&'static Command> {
    COMMANDS
        .iter()
        .filter(|command| admin || command.audience == Audience::Customer)
        .find(|command| command.name == name || command.aliases.contains(&name))
}

/// The commands that this person sees in the menu and in the help.
pub fn visible(admin: bool) -> impl Iterator<Item = &'static Command> {
    COMMANDS.iter().filter(move |command| admin || command.audience == Audience::Customer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_finds_its_command_only_for_its_audience() {
        let verb = |name, admin| find(name, admin).map(|command| command.verb);
        assert_eq!(verb("order", false), Some(Verb::Buy));
        assert_eq!(verb("buy", true), Some(Verb::Buy));
        assert_eq!(verb("admin", true), Some(Verb::Admin));
        assert_eq!(verb("admin", false), None);
        assert_eq!(verb("nothing", true), None);
        assert!(visible(false).all(|command| command.audience == Audience::Customer));
    }
}
