//! What admins see of the vendors' plugins. The chat room and the watch over the vendors import
//! this.

use ring4_domain::ids::ProviderId;
use ring4_domain::sale::{Sale, SaleSwitch};
use ring4_providers::{BreakerState, Fault, PluginVersion, ProviderStatus, Swap};
use ring4_rules::messages::Value;

use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::Press;

/// Characters of a file's hash that tell it from another.
const HASH_SHOWN: usize = 8;

/// A switch that is not open, with the name of the admin who turned it.
#[derive(Clone, Debug)]
pub struct TurnedOff {
    /// The switch.
    pub switch: SaleSwitch,
    /// Who turned it.
    pub by: String,
}

impl Voice<'_> {
    /// Every vendor with its plugin, and what may be done about it.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn providers(
        &self,
        vendors: &[ProviderStatus],
        turned: &[TurnedOff],
    ) -> Result<Screen, ScreenError> {
        let line = |vendor: &ProviderStatus| {
            let of = |turned: &&TurnedOff| turned.switch.provider == vendor.id;
            self.vendor(vendor, turned.iter().find(of))
        };
        let lines: Vec<String> = vendors.iter().map(line).collect();
        let mut rows = Rows::default();
        for vendor in vendors.iter().filter(|vendor| vendor.enabled) {
            let id = vendor.id.clone();
            let values = [("provider", Value::Text(vendor.id.as_str()))];
            let sells = vendor.sale == Sale::Open && vendor.quarantine.is_none();
            let sale = if sells {
                self.button_with("providers.drain", &values, &Press::Drain(id.clone()))
            } else {
                self.button_with("providers.open", &values, &Press::Sell(id.clone()))
            };
            rows.add([
                self.button_with("providers.reload", &values, &Press::ReloadPlugin(id.clone())),
                sale,
            ]);
            if vendor.sale == Sale::Draining {
                rows.add([self.button_with("providers.rest", &values, &Press::Rest(id))]);
            }
        }
        rows.add([
            self.button("admin.refresh", &Press::Providers),
            self.button("menu.admin", &Press::Admin),
        ]);
        rows.screen(self.say("providers", &[("rows", Value::Html(&lines.join("\n\n")))]))
    }

    fn vendor(&self, vendor: &ProviderStatus, turned: Option<&TurnedOff>) -> String {
        let mut selling = match (&vendor.quarantine, vendor.sale) {
            (_, Sale::Off) => self.say("providers.is_off", &[]),
            (Some(fault), _) => {
                self.say("providers.is_quarantined", &[("reason", Value::Text(&fault.what))])
            }
            (None, Sale::Draining) => self.say("providers.is_draining", &[]),
            (None, Sale::Open) if vendor.selling != BreakerState::Closed => {
                self.say("providers.is_paused", &[])
            }
            (None, Sale::Open) => self.say("providers.is_open", &[]),
        };
        if let Some(TurnedOff { switch, by }) = turned {
            let when = self.moment(switch.at);
            let values = [("by", Value::Text(by)), ("when", Value::Text(&when))];
            selling = format!("{selling} {}", self.say("providers.turned_by", &values));
        }
        let line = match vendor.line {
            BreakerState::Closed => "provider.closed",
            BreakerState::Open => "provider.open",
            BreakerState::HalfOpen => "provider.half_open",
        };
        let balance = vendor.balance.map(|balance| self.money(balance));
        let values = [
            ("provider", Value::Text(vendor.id.as_str())),
            ("plugin", Value::Text(&vendor.plugin)),
            ("version", Value::Text(&vendor.version)),
            ("hash", Value::Text(short(&vendor.sha256))),
            ("selling", Value::Html(&selling)),
            ("line", Value::Html(&self.say(line, &[]))),
            ("balance", Value::Text(balance.as_deref().unwrap_or("–"))),
            ("errors", Value::Number(i64::from(vendor.error_percent))),
            ("calls", Value::Number(i64::from(vendor.calls_per_minute))),
        ];
        self.say("providers.row", &values)
    }

    /// A plugin file was put in place of another, or was the same.
    #[must_use]
    pub fn swapped(&self, id: &ProviderId, swap: &Swap) -> String {
        let (from, to) = (file(&swap.from), file(&swap.to));
        let values = [
            ("provider", Value::Text(id.as_str())),
            ("from", Value::Text(&from)),
            ("to", Value::Text(&to)),
        ];
        let same = swap.from == swap.to;
        self.say(if same { "providers.same" } else { "providers.swapped" }, &values)
    }

    /// A plugin file was not taken.
    #[must_use]
    pub fn not_swapped(&self, id: &ProviderId, reason: &str) -> String {
        let values = [("provider", Value::Text(id.as_str())), ("reason", Value::Text(reason))];
        self.say("providers.not_swapped", &values)
    }

    /// A vendor with open orders is not switched off.
    #[must_use]
    pub fn not_rested(&self, id: &ProviderId, open: usize) -> String {
        let count = i64::try_from(open).unwrap_or(i64::MAX);
        let values = [("provider", Value::Text(id.as_str())), ("count", Value::Number(count))];
        self.say("providers.not_rested", &values)
    }

    /// A plugin sells no more.
    #[must_use]
    pub fn quarantined(&self, vendor: &ProviderStatus, fault: &Fault) -> String {
        let values = [
            ("provider", Value::Text(vendor.id.as_str())),
            ("version", Value::Text(&vendor.version)),
            ("reason", Value::Text(&fault.what)),
        ];
        self.say("providers.quarantined", &values)
    }
}

fn short(sha256: &str) -> &str {
    sha256.get(..HASH_SHOWN).unwrap_or(sha256)
}

fn file(version: &PluginVersion) -> String {
    format!("{} ({})", version.version, short(&version.sha256))
}
