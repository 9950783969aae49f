// Times and days as the person's app draws them: in their language, by the clock of this machine.

/** Making a format takes a millisecond, so each is made once per language. */
const made = new Map();

function format(Kind, language, options) {
  const name = JSON.stringify([Kind.name, language, options]);
  if (!made.has(name)) made.set(name, makeFormat(Kind, language, options));
  return made.get(name);
}

function makeFormat(Kind, language, options) {
  try {
    return new Kind(language, options);
  } catch {
    // A tag that Telegram would take but the browser does not know.
    return new Kind([], options);
  }
}

const SHORT_TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const SHORT_DATE = { day: "2-digit", month: "2-digit", year: "2-digit" };
const LONG_DATE = { day: "numeric", month: "long", year: "numeric" };

/** What stands in a bubble's corner: 22:45. */
export function clockTime(secs, language) {
  return format(Intl.DateTimeFormat, language, SHORT_TIME).format(new Date(secs * 1000));
}

/** What stands between two days: 17 March. */
export function dayName(secs, language) {
  const options = { day: "numeric", month: "long" };
  return format(Intl.DateTimeFormat, language, options).format(new Date(secs * 1000));
}

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];

/** How long until then, or since then: in 9 minutes, 2 hours ago. */
function distance(secs, language) {
  const away = Math.abs(secs);
  // A minute and a half is still counted in seconds, when it matters most.
  const found = away < 90 ? ["second", 1] : UNITS.find(([, size]) => away >= size * 0.98);
  const [unit, size] = found;
  const numeric = { numeric: "always" };
  return format(Intl.RelativeTimeFormat, language, numeric).format(Math.round(secs / size), unit);
}

/**
 * A `date_time` entity as the apps draw it. Its form is `r` for the distance, or some of `w` day
 * of the week, `d` or `D` date, `t` or `T` time; any other leaves the text as the bot wrote it.
 */
export function momentText(unix, form, plain, language, nowMs) {
  if (form === "r") return distance(Math.round(unix - nowMs / 1000), language);
  if (!/^w?[dD]?[tT]?$/.test(form) || form === "") return plain;
  const options = {};
  if (form.includes("w")) options.weekday = "long";
  if (form.includes("d")) Object.assign(options, SHORT_DATE);
  if (form.includes("D")) Object.assign(options, LONG_DATE);
  if (/[tT]/.test(form)) Object.assign(options, SHORT_TIME);
  if (form.includes("T")) options.second = "2-digit";
  return format(Intl.DateTimeFormat, language, options).format(new Date(unix * 1000));
}

/** Brings every moment on the page up to date; no message is edited for that. */
export function drawMoments(nowMs, language) {
  for (const element of document.querySelectorAll("[data-unix]")) {
    const { unix, form, plain } = element.dataset;
    const text = momentText(Number(unix), form, plain, language, nowMs);
    if (element.textContent !== text) element.textContent = text;
  }
}
