//! Figures in words: the caption below the chart, which is its legend. The chat room and the daily
//! report import this.

use ring4_domain::day::Day;
use ring4_rules::messages::Value;
use ring4_telegram::keyboard::Keyboard;

use super::{ScreenError, Voice};
use crate::chart::STATES;
use crate::chat::press::{Desk, Press};
use crate::figures::Figures;

impl Voice<'_> {
    /// The name of a stretch of days up to now.
    #[must_use]
    pub fn stretch(&self, days: u32) -> String {
        self.say("stats.last", &[("days", Value::Number(i64::from(days)))])
    }

    /// The title of a daily report.
    #[must_use]
    pub fn report_title(&self, day: Day) -> String {
        self.say("stats.report", &[("day", Value::Text(&day.to_string()))])
    }

    /// The figures under a title; also the legend of the chart.
    #[must_use]
    pub fn figures(&self, title: &str, figures: &Figures) -> String {
        let total = figures.total();
        let state = |(names, _, square): &(&[&str], [u8; 3], &str)| {
            let count: u64 = names.iter().filter_map(|name| figures.states.get(name)).sum();
            let first = names.first().copied().unwrap_or_default();
            let name =
                if names.len() > 1 { "stats.open".to_owned() } else { format!("state.{first}") };
            let values = [
                ("square", Value::Text(square)),
                ("state", Value::Text(&self.say(&name, &[]))),
                ("count", Value::Number(i64::try_from(count).unwrap_or(i64::MAX))),
            ];
            (count > 0).then(|| self.say("stats.state", &values))
        };
        let states: Vec<String> = STATES.iter().filter_map(state).collect();
        let secs = figures.code_secs.map_or_else(|| "–".to_owned(), |secs| secs.to_string());
        let orders = i64::try_from(figures.orders()).unwrap_or(i64::MAX);
        let key = match (orders, figures.code_secs) {
            (0, _) => "stats.idle",
            (_, None) => "stats.no_code",
            _ => "stats",
        };
        let margin = self.money(total.margin());
        let margin = match self.live.config.report.show_profit {
            true => format!("\n{}", self.say("stats.margin", &[("margin", Value::Text(&margin))])),
            false => String::new(),
        };
        let mut text = self.say(
            key,
            &[
                ("title", Value::Html(title)),
                ("revenue", Value::Text(&self.money(total.revenue))),
                ("margin", Value::Html(&margin)),
                ("refunded", Value::Text(&self.money(total.refunded))),
                ("deposited", Value::Text(&self.money(figures.deposited))),
                ("orders", Value::Number(orders)),
                ("states", Value::Html(&states.join(" · "))),
                ("secs", Value::Text(&secs)),
            ],
        );
        if figures.cut {
            text.push('\n');
            text.push_str(&self.say("stats.cut", &[]));
        }
        text
    }

    /// Buttons for other stretches, in days.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn stretches(&self, days: &[u32]) -> Result<Keyboard, ScreenError> {
        let button = |days: &u32| {
            let values = [("days", Value::Number(i64::from(*days)))];
            self.button_with("stats.days", &values, &Press::Desk(Desk::Stats(*days)))
        };
        let row = days.iter().map(button).collect::<Result<Vec<_>, _>>()?;
        let admin = self.button("menu.admin", &Press::Admin)?;
        Ok(Keyboard::new(vec![row, vec![admin]])?)
    }

    /// What stands below an exported file.
    #[must_use]
    pub fn export(&self, rows: usize, cut: bool) -> String {
        let count = i64::try_from(rows).unwrap_or(i64::MAX);
        let mut text = self.say("admin.export", &[("count", Value::Number(count))]);
        if cut {
            text.push('\n');
            text.push_str(&self.say("stats.cut", &[]));
        }
        text
    }
}
