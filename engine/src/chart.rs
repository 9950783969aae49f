//! The chart of the figures as a PNG, drawn here: bars of revenue with the margin before them, the
//! orders by state as one band, the median wait. Statistics and the daily report import this.
//!
//! It holds numbers and signs only, no words, so that one picture serves every language; the
//! caption below it is the legend. A plotting library was refused: it needs a font, and text set
//! by it is most of what it would build.

mod glyphs;

use ring4_domain::ids::Timestamp;
use ring4_domain::money::{Amount, MICROS_PER_DOLLAR};

use crate::figures::{Figures, local};
use chrono::{Datelike, Timelike};
use chrono_tz::Tz;

/// Size in pixels: what a phone shows without scaling text away.
const WIDTH: usize = 1_080;
const HEIGHT: usize = 760;

/// The plot inside it.
const LEFT: usize = 150;
const RIGHT: usize = 1_050;
const TOP: usize = 110;
const BOTTOM: usize = 520;

/// The band of states.
const BAND_TOP: usize = 610;
const BAND_BOTTOM: usize = 660;

/// Red, green, blue.
type Colour = [u8; 3];

/// A dark card is readable in Telegram's dark and light themes alike.
const GROUND: Colour = [0x17, 0x21, 0x2b];
const GRID: Colour = [0x33, 0x43, 0x52];
const INK: Colour = [0xe6, 0xed, 0xf3];
const REVENUE: Colour = [0x4c, 0x9a, 0xff];
const MARGIN: Colour = [0x3f, 0xc3, 0x80];
const LOSS: Colour = [0xf0, 0x52, 0x52];

/// The states of the band in their order, with the colours of the caption's squares.
pub const STATES: &[(&[&str], Colour, &str)] = &[
    (&["delivered"], MARGIN, "🟩"),
    (&["buying", "unclear", "waiting", "cancelling"], REVENUE, "🟦"),
    (&["cancelled"], [0xb9, 0x7a, 0x56], "🟫"),
    (&["expired"], [0xf5, 0xa6, 0x23], "🟧"),
    (&["failed"], LOSS, "🟥"),
    (&["refunded"], [0xa9, 0x7b, 0xe0], "🟪"),
];

/// The picture cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("drawing the chart: {0}")]
pub struct ChartError(#[from] png::EncodingError);

struct Canvas {
    pixels: Vec<u8>,
}

impl Canvas {
    fn new() -> Self {
        Self { pixels: GROUND.repeat(WIDTH * HEIGHT) }
    }

    fn rect(&mut self, (x0, y0): (usize, usize), (x1, y1): (usize, usize), colour: Colour) {
        for y in y0..y1.min(HEIGHT) {
            let (from, to) = (y * WIDTH + x0.min(WIDTH), y * WIDTH + x1.min(WIDTH));
            let row = self.pixels.get_mut(from * 3..to * 3).unwrap_or_default();
            for pixel in row.chunks_exact_mut(3) {
                pixel.copy_from_slice(&colour);
            }
        }
    }

    /// Draws `text` with its left upper corner at a place, each dot `dot` pixels wide.
    fn text(&mut self, (x, y): (usize, usize), text: &str, dot: usize, colour: Colour) {
        for (place, sign) in text.chars().enumerate() {
            let left = x + place * glyphs::ADVANCE * dot;
            for (row, bits) in glyphs::of(sign).iter().enumerate() {
                for column in 0..glyphs::COLUMNS {
                    if bits >> (glyphs::COLUMNS - 1 - column) & 1 == 1 {
                        let at = (left + column * dot, y + row * dot);
                        self.rect(at, (at.0 + dot, at.1 + dot), colour);
                    }
                }
            }
        }
    }

    fn encode(&self) -> Result<Vec<u8>, ChartError> {
        let mut out = Vec::new();
        let (width, height) =
            (u32::try_from(WIDTH).unwrap_or_default(), u32::try_from(HEIGHT).unwrap_or_default());
        let mut encoder = png::Encoder::new(&mut out, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels)?;
        writer.finish()?;
        Ok(out)
    }
}

/// Pixels that a text is wide.
fn width(text: &str, dot: usize) -> usize {
    text.chars().count() * glyphs::ADVANCE * dot
}

/// The chart as a PNG, with the margin where the settings show it.
///
/// # Errors
/// It cannot be encoded.
pub fn draw(
    figures: &Figures,
    symbol: &str,
    zone: Tz,
    profit: bool,
) -> Result<Vec<u8>, ChartError> {
    let mut canvas = Canvas::new();
    let total = figures.total();
    let symbol = if glyphs::knows(symbol) { symbol } else { "" };
    canvas.text((LEFT, 36), &format!("{symbol}{}", short(total.revenue)), 6, REVENUE);
    if profit {
        let margin = short(total.margin());
        let margin = match margin.strip_prefix('-') {
            Some(loss) => format!("-{symbol}{loss}"),
            None => format!("{symbol}{margin}"),
        };
        let colour = if total.margin().is_negative() { LOSS } else { MARGIN };
        canvas.text((LEFT + 340, 36), &margin, 6, colour);
    }
    if let Some(secs) = figures.code_secs {
        let text = format!("{secs} s");
        canvas.text((RIGHT.saturating_sub(width(&text, 6)), 36), &text, 6, INK);
    }
    let most = figures.bars.iter().map(|bar| bar.revenue).max().unwrap_or_default();
    let top = nice(most);
    grid(&mut canvas, top, symbol);
    bars(&mut canvas, figures, top, profit);
    labels(&mut canvas, figures, zone);
    band(&mut canvas, figures);
    canvas.encode()
}

/// The least of 1, 2, 5 times a power of ten, in micro-dollars, that is not below the amount.
fn nice(amount: Amount) -> i64 {
    let mut step = MICROS_PER_DOLLAR;
    loop {
        for times in [1, 2, 5] {
            let top = step.saturating_mul(times);
            if top >= amount.micros() {
                return top;
            }
        }
        step = step.saturating_mul(10);
    }
}

fn grid(canvas: &mut Canvas, top: i64, symbol: &str) {
    for line in 0..=4_usize {
        let y = BOTTOM - (BOTTOM - TOP) * line / 4;
        canvas.rect((LEFT, y), (RIGHT, y + 2), GRID);
        let share = top / 4 * i64::try_from(line).unwrap_or_default();
        let text = format!("{symbol}{}", short(Amount::from_micros(share)));
        let x = LEFT.saturating_sub(width(&text, 3) + 12);
        canvas.text((x, y.saturating_sub(10)), &text, 3, INK);
    }
}

/// Pixels that an amount is high.
fn height(amount: Amount, top: i64) -> usize {
    let micros = i128::from(amount.micros().max(0));
    let pixels = i128::try_from(BOTTOM - TOP).unwrap_or_default();
    usize::try_from(micros * pixels / i128::from(top.max(1))).unwrap_or_default()
}

fn bars(canvas: &mut Canvas, figures: &Figures, top: i64, profit: bool) {
    let count = figures.bars.len().max(1);
    let slot = |place: usize| LEFT + (RIGHT - LEFT) * place / count;
    for (place, bar) in figures.bars.iter().enumerate() {
        let (from, to) = (slot(place), slot(place + 1));
        let gap = ((to - from) / 8).max(1);
        let revenue = height(bar.revenue, top).min(BOTTOM - TOP);
        canvas.rect((from + gap, BOTTOM - revenue), (to - gap, BOTTOM), REVENUE);
        if !profit {
            continue;
        }
        let margin = bar.margin();
        let inner = ((to - from) / 4).max(1);
        let (size, colour) = if margin.is_negative() {
            (Amount::ZERO.checked_sub(margin).unwrap_or_default(), LOSS)
        } else {
            (margin, MARGIN)
        };
        let pixels = height(size, top).min(BOTTOM - TOP);
        canvas.rect((from + inner, BOTTOM - pixels), (to.max(inner) - inner, BOTTOM), colour);
    }
}

fn labels(canvas: &mut Canvas, figures: &Figures, zone: Tz) {
    let count = figures.bars.len().max(1);
    // As many labels as fit beside each other.
    let every = count.div_ceil(if figures.hourly { 8 } else { 7 });
    for (place, bar) in figures.bars.iter().enumerate().step_by(every) {
        let at = local(Timestamp(bar.from), zone);
        let text = match figures.hourly {
            true => format!("{:02}:{:02}", at.hour(), at.minute()),
            false => format!("{}-{:02}", at.month(), at.day()),
        };
        let x = LEFT + (RIGHT - LEFT) * place / count;
        canvas.text((x, BOTTOM + 18), &text, 3, INK);
    }
}

fn band(canvas: &mut Canvas, figures: &Figures) {
    let all = figures.orders();
    let mut x = LEFT;
    for (names, colour, _) in STATES {
        let count: u64 = names.iter().filter_map(|name| figures.states.get(name)).sum();
        if count == 0 || all == 0 {
            continue;
        }
        let pixels = u64::try_from(RIGHT - LEFT).unwrap_or_default();
        let part = usize::try_from(pixels * count / all).unwrap_or_default().max(4);
        canvas.rect((x, BAND_TOP), ((x + part).min(RIGHT), BAND_BOTTOM), *colour);
        let text = count.to_string();
        if width(&text, 4) < part {
            canvas.text((x, BAND_BOTTOM + 14), &text, 4, *colour);
        }
        x += part;
    }
    if all == 0 {
        canvas.rect((LEFT, BAND_TOP), (RIGHT, BAND_BOTTOM), GRID);
        canvas.text((LEFT, BAND_BOTTOM + 14), "0", 4, INK);
    }
}

/// An amount short enough for an axis: `12.50`, `340`, `12k`.
fn short(amount: Amount) -> String {
    let micros = amount.micros();
    let dollars = micros / MICROS_PER_DOLLAR;
    let cents = (micros % MICROS_PER_DOLLAR).abs() / 10_000;
    match dollars.abs() {
        0..=99 if cents > 0 => {
            let sign = if micros < 0 { "-" } else { "" };
            format!("{sign}{}.{cents:02}", dollars.abs())
        }
        0..=9_999 => dollars.to_string(),
        10_000..=9_999_999 => format!("{}k", dollars / 1_000),
        _ => format!("{}M", dollars / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::figures::Bar;

    fn busy(bars: usize, hourly: bool) -> Figures {
        let step = if hourly { 3_600_000 } else { 86_400_000 };
        let bar = |place: usize| {
            let wave = [3, 5, 9, 14, 12, 8, 4, 2, 6, 11][place % 10];
            let place = i64::try_from(place).unwrap();
            Bar {
                from: 1_790_000_000_000 / step * step + place * step,
                revenue: Amount::from_micros(wave * 1_260_000),
                cost: Amount::from_micros(wave * 1_000_000),
                refunded: Amount::from_micros(if place == 4 { 6_000_000 } else { 0 }),
            }
        };
        let states = BTreeMap::from([
            ("delivered", 412),
            ("waiting", 6),
            ("cancelled", 40),
            ("expired", 25),
            ("failed", 12),
            ("refunded", 3),
        ]);
        let bars = (0..bars).map(bar).collect();
        Figures { bars, hourly, states, code_secs: Some(23), ..Figures::default() }
    }

    /// Where every pixel of a colour lies: left, top, right, bottom.
    fn extent(png: &[u8], colour: Colour) -> Option<(usize, usize, usize, usize)> {
        let decoder = png::Decoder::new(std::io::Cursor::new(png));
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let found = pixels.chunks(3).enumerate().filter(|(_, pixel)| *pixel == colour);
        found.map(|(place, _)| (place % WIDTH, place / WIDTH)).fold(None, |seen, (x, y)| {
            let (left, top, right, bottom) = seen.unwrap_or((x, y, x, y));
            Some((left.min(x), top.min(y), right.max(x), bottom.max(y)))
        })
    }

    #[test]
    fn a_chart_shows_what_was_earned_and_lost() {
        let folder = std::env::var_os("RING4_CHARTS").map(std::path::PathBuf::from);
        for (name, bars, hourly) in [("day", 24, true), ("week", 7, false), ("month", 30, false)] {
            let png = draw(&busy(bars, hourly), "$", Tz::UTC, true).unwrap();
            if let Some(folder) = &folder {
                std::fs::write(folder.join(format!("{name}.png")), &png).unwrap();
            }
            assert!(png.len() < 200_000, "{name} has {} bytes", png.len());
            // The bars reach from the ground of the plot up, and the loss of one day is red.
            let (left, _, right, _) = extent(&png, REVENUE).unwrap();
            assert!(left >= LEFT && right < RIGHT, "{name}: {left} to {right}");
            assert!(extent(&png, LOSS).is_some(), "{name} shows no loss");
        }
    }

    #[test]
    fn an_empty_stretch_and_the_largest_one_are_drawn_too() {
        let empty = Figures { bars: vec![Bar::default()], ..Figures::default() };
        assert!(extent(&draw(&empty, "$", Tz::UTC, true).unwrap(), REVENUE).is_some());
        let mut huge = busy(1, true);
        huge.bars[0].revenue = Amount::MAX;
        huge.states.insert("delivered", u64::MAX / 2_000);
        assert!(draw(&huge, "€", Tz::UTC, true).is_ok());
    }

    #[test]
    fn amounts_are_short() {
        let rows = [("0", "0"), ("12.50", "12.50"), ("340.20", "340"), ("12345", "12k")];
        for (amount, text) in rows {
            assert_eq!(short(amount.parse().unwrap()), text);
        }
        assert_eq!(short(Amount::from_micros(-500_000)), "-0.50");
        assert_eq!(nice("12.50".parse().unwrap()), 20 * MICROS_PER_DOLLAR);
    }
}
