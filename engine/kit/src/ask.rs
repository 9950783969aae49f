//! What a plugin is asked, and what it said. The trials import this.

use std::sync::Arc;

use ring4_domain::ids::ProviderId;
use ring4_providers::{
    BuyRequest, CallError, Cancellation, Catalogue, OrderStatus, Purchase, Quote, Registry, Resend,
    VendorOrder,
};

use ring4_domain::money::Amount;

/// One question of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Catalogue,
    Quote,
    Buy,
    Check,
    ListActive,
    History,
    Cancel,
    Resend,
    Balance,
}

impl Ask {
    pub(crate) const ALL: [Self; 9] = [
        Self::Catalogue,
        Self::Quote,
        Self::Buy,
        Self::Check,
        Self::ListActive,
        Self::History,
        Self::Cancel,
        Self::Resend,
        Self::Balance,
    ];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Catalogue => "catalogue",
            Self::Quote => "quote",
            Self::Buy => "buy",
            Self::Check => "check",
            Self::ListActive => "list_active",
            Self::History => "history",
            Self::Cancel => "cancel",
            Self::Resend => "resend",
            Self::Balance => "balance",
        }
    }

    pub(crate) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ask| ask.word() == word)
    }
}

/// The canonical answer.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    Catalogue(Result<Catalogue, CallError>),
    Quote(Result<Quote, CallError>),
    Purchase(Purchase),
    Status(Result<OrderStatus, CallError>),
    Orders(Result<Vec<VendorOrder>, CallError>),
    Cancellation(Result<Cancellation, CallError>),
    Resend(Result<Resend, CallError>),
    Balance(Result<Amount, CallError>),
}

/// Asks a provider one thing.
pub(crate) async fn ask(
    registry: &Registry,
    id: &ProviderId,
    what: Ask,
    want: &BuyRequest,
    order: &str,
) -> Said {
    match what {
        Ask::Catalogue => Said::Catalogue(registry.catalogue(id).await),
        Ask::Quote => Said::Quote(registry.quote(id, &want.service, want.country).await),
        Ask::Buy => Said::Purchase(registry.buy(id, want).await),
        Ask::Check => Said::Status(registry.check(id, order).await),
        Ask::ListActive => Said::Orders(registry.list_active(id).await.map(Arc::unwrap_or_clone)),
        Ask::History => Said::Orders(registry.history(id).await),
        Ask::Cancel => Said::Cancellation(registry.cancel(id, order).await),
        Ask::Resend => Said::Resend(registry.resend(id, order).await),
        Ask::Balance => Said::Balance(registry.balance(id).await),
    }
}
