//! The table that is printed, and the statistics in it. Every part of the bench uses this.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// One figure per round.
#[derive(Clone, Debug, Default)]
pub struct Rounds(Vec<f64>);

impl Rounds {
    /// Adds a round.
    pub fn add(&mut self, figure: f64) {
        self.0.push(figure);
    }

    /// Adds a round in milliseconds.
    pub fn add_millis(&mut self, time: Duration) {
        self.0.push(millis(time));
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Of each round with the same round of another.
    pub fn over(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(one, two)| one / two).collect())
    }

    /// The figure that `share` of the rounds stay at or below.
    pub fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let place = ((sorted.len() - 1) as f64 * share).ceil() as usize;
        sorted[place]
    }

    /// The middle figure.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    fn spread(&self) -> String {
        format!("{}–{}", short(self.quantile(0.0)), short(self.quantile(1.0)))
    }
}

/// A time in milliseconds.
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// What a budget says.
#[derive(Clone, Copy, Debug)]
pub enum Budget {
    /// Nothing; the figure is for the reader.
    None,
    /// The ratio is at least this.
    RatioMin(f64),
    /// The figure is at least this.
    Min(f64),
    /// The figure is at most this.
    Max(f64),
}

/// One row.
#[derive(Debug)]
pub struct Row<'row> {
    /// What was measured.
    pub what: &'row str,
    /// Its unit.
    pub unit: &'row str,
    /// The figures.
    pub figures: &'row Rounds,
    /// What it is measured beside, and the figures of that.
    pub reference: (&'row str, &'row Rounds),
    /// What it must keep to.
    pub budget: Budget,
    /// What else there is to say.
    pub note: String,
}

/// Budgets that were missed so far.
static MISSED: AtomicUsize = AtomicUsize::new(0);

/// How many budgets were missed so far.
pub fn missed() -> usize {
    MISSED.load(Ordering::Relaxed)
}

/// What a budget's line ends with; a missed one is counted.
pub fn judged(is_kept: bool) -> &'static str {
    MISSED.fetch_add(usize::from(!is_kept), Ordering::Relaxed);
    if is_kept { "" } else { "  MISSED" }
}

/// Prints what the columns are.
pub fn head() {
    println!("medians of interleaved rounds; the spread is of the rounds' ratios\n");
    println!(
        "{:34} {:>17}  {:>29} {:>7} {:>13} {:>3}  budget",
        "what", "ring4", "reference", "ratio", "spread", "n"
    );
}

impl Row<'_> {
    /// Prints the row.
    pub fn print(&self) {
        let (name, reference) = self.reference;
        let ratios = self.figures.over(reference);
        let figure = self.figures.median();
        let (budget, is_kept) = match self.budget {
            Budget::None => ("-".to_owned(), true),
            Budget::RatioMin(least) => (format!("≥ {} ×", short(least)), ratios.median() >= least),
            Budget::Min(least) => (format!("≥ {} {}", short(least), self.unit), figure >= least),
            Budget::Max(most) => (format!("≤ {} {}", short(most), self.unit), figure <= most),
        };
        let mut line = format!(
            "{:34} {:>17}  {:>29} {:>7} {:>13} {:>3}  {budget}",
            self.what,
            format!("{} {}", short(figure), self.unit),
            format!("{} {} {name}", short(reference.median()), self.unit),
            short(ratios.median()),
            ratios.spread(),
            ratios.count(),
        );
        line.push_str(judged(is_kept));
        if !self.note.is_empty() {
            let _ = write!(line, "\n{:34} {}", "", self.note);
        }
        println!("{line}");
    }
}

/// Three significant digits, and never fewer than stand before the point.
pub fn short(figure: f64) -> String {
    let decimals = match figure.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 0.1 => 2,
        _ => 3,
    };
    let text = format!("{figure:.decimals$}");
    if figure < 10_000.0 {
        return text;
    }
    let (thousands, rest) = text.split_at(text.len() - 3);
    format!("{thousands},{rest}")
}
