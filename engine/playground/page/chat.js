// Draws the messages of the open chat, keyed by id so that an edit changes its message in place.

import { clockTime, dayName } from "./moments.js";
import { renderText, isSafeLink } from "./text.js";
import { wordsIn } from "./words.js";

const NEAR_BOTTOM_PX = 90;

function node(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

function fileSize(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KB` : `${(kib / 1024).toFixed(1)} MB`;
}

export class ChatPane {
  /** `actions`: copy(text), say(text), open(url), press(message, button), zoom(url). */
  constructor(wall, toBottom, below, actions) {
    this.wall = wall;
    this.toBottom = toBottom;
    this.below = below;
    this.actions = actions;
    this.shown = new Map();
    this.missed = 0;
    this.waiting = new Set();
    wall.addEventListener("scroll", () => this.noteScroll(), { passive: true });
    toBottom.addEventListener("click", () => this.scrollDown(true));
    // Pictures and the composer change heights after the fact; stay at the end if we were there.
    new ResizeObserver(() => this.stick()).observe(wall);
    wall.addEventListener("load", () => this.stick(), true);
    this.sticky = true;
  }

  /** Forgets the chat that was open. */
  clear() {
    this.shown.clear();
    this.wall.replaceChildren();
    this.missed = 0;
    this.sticky = true;
    this.noteScroll();
  }

  /** Shows a chat; only what changed since the last time is drawn anew. */
  show(chat, isGroup) {
    const isFirst = this.shown.size === 0;
    this.language = chat.person.language_code;
    this.words = wordsIn(this.language);
    // In a group it is told who wrote what.
    const isMine = (message) =>
      message.from === "person" && (!isGroup || message.name === chat.person.name);
    const author = (message) => `${message.from} ${message.name}`;
    this.waiting = new Set(
      chat.answers.filter((answer) => answer.status === "waiting")
        .map((answer) => `${answer.message_id} ${answer.data}`),
    );
    const byId = new Map(chat.messages.map((message) => [message.message_id, message]));
    for (const [id, entry] of this.shown) {
      if (!byId.has(id)) {
        entry.element.remove();
        this.shown.delete(id);
      }
    }
    for (const extra of this.wall.querySelectorAll(".day, .intro")) extra.remove();
    if (chat.messages.length === 0) this.wall.append(this.intro(chat.bot));
    let cursor = this.wall.firstChild;
    let arrived = 0;
    chat.messages.forEach((message, index) => {
      const before = chat.messages[index - 1];
      const after = chat.messages[index + 1];
      const place = {
        first: !before || author(before) !== author(message) || newDay(before, message),
        last: !after || author(after) !== author(message) || newDay(message, after),
        original: byId.get(message.reply_to),
        mine: isMine(message),
      };
      place.named = isGroup && place.first && !place.mine;
      if (!before || newDay(before, message)) {
        const day = node("div", "day", dayName(message.date, this.language));
        this.wall.insertBefore(day, cursor);
      }
      const isNew = !this.shown.has(message.message_id);
      const element = this.draw(message, place);
      if (element === cursor) cursor = cursor.nextSibling;
      else this.wall.insertBefore(element, cursor);
      if (isNew && message.from === "bot") arrived += 1;
    });
    if (this.sticky || isFirst) this.scrollDown(false);
    else if (arrived > 0) this.missed += arrived;
    this.noteScroll();
  }

  draw(message, place) {
    const busy = message.buttons.flat().map((b) => this.isWaiting(message, b));
    const look = [place.first, place.last, place.named, this.language];
    const signature = JSON.stringify([message, look, busy]);
    const known = this.shown.get(message.message_id);
    if (known?.signature === signature) return known.element;
    const element = known?.element ?? node("article");
    element.className = "message";
    element.classList.toggle("mine", place.mine);
    element.classList.toggle("first", place.first);
    element.classList.toggle("last", place.last);
    element.classList.toggle("has-keys", message.buttons.length > 0);
    element.dataset.testid = "message";
    element.dataset.messageId = message.message_id;
    element.dataset.from = message.from;
    const bubble = this.bubble(message, place);
    element.replaceChildren(bubble);
    if (message.buttons.length > 0) element.append(this.keys(message));
    const content = JSON.stringify([message.text, message.photo, message.document]);
    if (known && known.content !== content) bubble.classList.add("flash");
    this.shown.set(message.message_id, { element, signature, content });
    return element;
  }

  bubble(message, { original, mine, named }) {
    const bubble = node("div", "bubble");
    if (named) bubble.append(node("b", "author", message.name));
    if (original) {
      const quote = node("button", "quote-of", original.text || original.file_name || "…");
      quote.type = "button";
      quote.addEventListener("click", () => {
        this.shown.get(original.message_id)?.element.scrollIntoView({ block: "center" });
      });
      bubble.append(quote);
    }
    if (message.photo) bubble.append(this.photo(message));
    if (message.document) bubble.append(this.file(message));
    if (message.text) {
      const text = node("div", "text");
      text.append(renderText(message.text, message.entities, this.actions));
      const edited = message.edited ? 6 + 6.2 * this.words.edited.length : 0;
      const width = Math.ceil(44 + edited + (mine ? 20 : 0));
      text.style.setProperty("--meta-width", `${width}px`);
      bubble.append(text);
    } else if (message.photo) {
      bubble.classList.add("only-photo");
    }
    bubble.append(this.meta(message, mine));
    return bubble;
  }

  meta(message, mine) {
    const meta = node("span", "meta");
    if (message.edited) meta.append(node("span", "", this.words.edited));
    meta.append(node("time", "", clockTime(message.date, this.language)));
    if (mine) meta.append(icon("ticks"));
    return meta;
  }

  photo(message) {
    const button = node("button", "photo");
    button.type = "button";
    const image = node("img");
    image.src = message.photo;
    image.alt = message.text || "Photo";
    button.append(image);
    button.addEventListener("click", () => this.actions.zoom(message.photo));
    return button;
  }

  file(message) {
    const anchor = node("a", "file");
    anchor.href = message.document;
    anchor.download = message.file_name ?? "";
    const round = node("i");
    round.append(icon("file"));
    const lines = node("div");
    lines.append(node("b", "", message.file_name), node("span", "", fileSize(message.file_bytes)));
    anchor.append(round, lines);
    return anchor;
  }

  isWaiting(message, button) {
    return this.waiting.has(`${message.message_id} ${button.data}`);
  }

  keys(message) {
    const keys = node("div", "keys");
    for (const row of message.buttons) {
      const line = node("div", "key-row");
      for (const button of row) line.append(this.key(message, button));
      keys.append(line);
    }
    return keys;
  }

  key(message, button) {
    const key = node("button", "key", button.label);
    key.type = "button";
    key.dataset.testid = "button";
    if (["danger", "success", "primary"].includes(button.style)) key.classList.add(button.style);
    if (button.pay !== undefined) {
      key.dataset.kind = "pay";
      key.disabled = !button.pay;
      key.addEventListener("click", () => this.actions.pay(message));
    } else if (button.copy_text !== undefined) {
      key.dataset.kind = "copy";
      key.append(icon("copy"));
      key.addEventListener("click", () => this.actions.copy(button.copy_text));
    } else if (button.url !== undefined) {
      key.dataset.kind = "url";
      key.append(icon("link"));
      key.title = button.url;
      key.addEventListener("click", () => {
        if (!this.actions.open(button.url) && isSafeLink(button.url)) {
          window.open(button.url, "_blank", "noopener,noreferrer");
        }
      });
    } else {
      key.dataset.kind = "press";
      key.classList.toggle("busy", this.isWaiting(message, button));
      key.addEventListener("click", () => {
        key.classList.add("busy");
        this.actions.press(message, button);
      });
    }
    return key;
  }

  intro(bot) {
    const intro = node("div", "intro");
    const picture = node("img");
    picture.src = "/page/icon.svg";
    picture.alt = "";
    picture.width = 72;
    picture.height = 72;
    const text = bot.description || this.words.empty;
    intro.append(picture, node("h1", "", bot.name), node("p", "", text));
    return intro;
  }

  stick() {
    if (this.sticky) this.wall.scrollTop = this.wall.scrollHeight;
  }

  scrollDown(smooth) {
    this.sticky = true;
    this.missed = 0;
    this.wall.scrollTo({ top: this.wall.scrollHeight, behavior: smooth ? "smooth" : "instant" });
    this.noteScroll();
  }

  noteScroll() {
    const gap = this.wall.scrollHeight - this.wall.scrollTop - this.wall.clientHeight;
    this.sticky = gap < NEAR_BOTTOM_PX;
    if (this.sticky) this.missed = 0;
    this.toBottom.hidden = this.sticky;
    this.below.textContent = this.missed > 0 ? String(this.missed) : "";
  }
}

function newDay(one, other) {
  return new Date(one.date * 1000).toDateString() !== new Date(other.date * 1000).toDateString();
}
