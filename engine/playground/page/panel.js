// The side panel: clock, the person's app, faults.

import { api } from "./api.js";
import { drawMoments } from "./moments.js";

const VENDOR_MODES = [
  ["out_of_stock", "out of stock"],
  ["price_not_found", "price above the cap"],
  ["balance_error", "our balance is too low"],
  ["bad_key", "bad key"],
  ["throttled", "too many failed purchases"],
  ["drop_before", "cut before buying"],
  ["drop_after", "bought, answer lost"],
  ["error_500_after_buying", "bought, then 500"],
  ["html_502", "502 with HTML"],
  ["truncated", "truncated JSON"],
  ["sms_never", "code never comes"],
  ["sms_now", "code comes at once"],
];

const timeFormat = new Intl.DateTimeFormat([], {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const dateFormat = new Intl.DateTimeFormat([], {
  weekday: "short", day: "numeric", month: "short",
});

const get = (id) => document.getElementById(id);

export class Panel {
  /** `actions`: person() gives the id of who is open; complain(error) shows what went wrong. */
  constructor(actions) {
    this.actions = actions;
    this.pace = { anchorMs: Date.now(), real: performance.now(), speed: 1 };
    this.language = "en";
    get("panel-toggle").addEventListener("click", () => this.toggle(get("panel").hidden));
    get("panel-close").addEventListener("click", () => this.toggle(false));
    for (const button of document.querySelectorAll("[data-advance]")) {
      const secs = Number(button.dataset.advance);
      button.addEventListener("click", () => this.attempt(api.advance(secs)));
    }
    get("speed").addEventListener("change", (event) => {
      this.attempt(api.speed(Number(event.target.value)));
    });
    get("language").addEventListener("change", (event) => {
      this.attempt(api.language(this.actions.person(), event.target.value));
    });
    get("block").addEventListener("change", (event) => this.block(event.target.checked));
    get("unblock").addEventListener("click", () => this.block(false));
    // Where the panel floats, a tap beside it closes it.
    document.addEventListener("pointerdown", (event) => {
      const floats = getComputedStyle(get("panel")).position === "fixed";
      if (floats && !event.target.closest("#panel, #panel-toggle")) this.toggle(false);
    });
    this.prepareFaults();
    this.toggle(window.matchMedia("(min-width: 1121px)").matches);
    setInterval(() => this.tick(), 200);
    this.tick();
  }

  toggle(isOpen) {
    get("panel").hidden = !isOpen;
    get("panel-toggle").setAttribute("aria-expanded", String(isOpen));
  }

  block(blocked) {
    this.attempt(api.addFault({ block: { person: this.actions.person(), blocked } }));
  }

  async attempt(promise) {
    try {
      const answer = await promise;
      if (answer.now_ms !== undefined) this.setPace(answer);
      if (answer.retry_after !== undefined) this.showFaults(answer);
    } catch (error) {
      this.actions.complain(error);
    }
  }

  /** Follows the playground's clock. */
  setPace({ now_ms: nowMs, speed }) {
    this.pace = { anchorMs: nowMs, real: performance.now(), speed };
    const select = get("speed");
    if (![...select.options].some((option) => option.value === String(speed))) {
      select.add(new Option(`${speed} ×`, String(speed)));
    }
    if (document.activeElement !== select) select.value = String(speed);
    this.tick();
  }

  tick() {
    const now = this.pace.anchorMs + (performance.now() - this.pace.real) * this.pace.speed;
    const date = new Date(now);
    drawMoments(now, this.language);
    get("clock-time").textContent = timeFormat.format(date);
    get("clock-date").textContent = dateFormat.format(date);
  }

  /** Shows the person whose chat is open. */
  showPerson(person) {
    this.language = person.language_code;
    this.tick();
    get("person-heading").textContent = `${person.name}'s app`;
    const select = get("language");
    if (![...select.options].some((option) => option.value === person.language_code)) {
      select.add(new Option(person.language_code, person.language_code));
    }
    if (document.activeElement !== select) select.value = person.language_code;
    get("block").checked = person.blocks_bot;
  }

  prepareFaults() {
    const group = get("vendor-modes");
    for (const [mode, words] of VENDOR_MODES) group.append(new Option(words, `vendor ${mode}`));
    const form = get("fault-form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const count = Number(form.elements.count.value);
      this.attempt(api.addFault(this.fault(form.elements.kind.value, count)));
    });
    get("fault-clear").addEventListener("click", () => this.attempt(api.addFault({ clear: true })));
    this.attempt(api.faults());
  }

  fault(kind, count) {
    if (kind.startsWith("vendor ")) return { vendor: { mode: kind.slice(7), count } };
    if (kind === "retry_after") return { retry_after: { count, secs: 3 } };
    if (kind === "server_error") return { server_error: { count, code: 502 } };
    return { drop_connections: { count, when: kind } };
  }

  /** Reads again which faults still wait. */
  refreshFaults() {
    if (get("faults").childElementCount > 0) this.attempt(api.faults());
  }

  showFaults(faults) {
    const lines = [
      ...faults.retry_after.map((f) => `429 after ${f.secs} s: ${f.count} to come`),
      ...faults.server_error.map((f) => `${f.code}: ${f.count} to come`),
      ...faults.drop_connections.map((f) => `cut ${f.when} the request: ${f.count} to come`),
      ...faults.vendor.map((f) => `vendor ${f.mode.replaceAll("_", " ")}: ${f.count} to come`),
    ];
    get("faults").replaceChildren(...lines.map((line) => {
      const item = document.createElement("li");
      item.textContent = line;
      return item;
    }));
  }
}
