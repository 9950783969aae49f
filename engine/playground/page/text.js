// Turns a message's text and entities into DOM nodes. Nothing from outside is ever parsed as HTML.

const TAGS = {
  bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote", spoiler: "span",
};

/** Only these schemes may be opened from a chat. */
export function isSafeLink(url) {
  try {
    return ["http:", "https:", "tg:", "ton:", "mailto:"].includes(new URL(url).protocol);
  } catch {
    return false;
  }
}

/** The payload of a link that starts this bot (`t.me/<bot>?start=…`), else null. */
export function startPayload(url) {
  try {
    const link = new URL(url);
    if (link.protocol === "tg:") return link.searchParams.get("start");
    if (!/^(www\.)?(t\.me|telegram\.me)$/.test(link.hostname)) return null;
    return link.searchParams.get("start");
  } catch {
    return null;
  }
}

/**
 * Renders a text. `actions` has what a tap does: copy(text), say(text), open(url).
 * Offsets are UTF-16 units, which is how JavaScript counts too.
 */
export function renderText(text, entities, actions) {
  const fragment = document.createDocumentFragment();
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  appendRange(fragment, text, 0, text.length, sorted, actions);
  return fragment;
}

function appendRange(parent, text, from, to, entities, actions) {
  let at = from;
  let rest = entities;
  while (rest.length > 0) {
    const [entity, ...others] = rest;
    const start = Math.max(entity.offset, at);
    const end = Math.min(entity.offset + entity.length, to);
    if (start >= end) {
      rest = others;
      continue;
    }
    parent.append(text.slice(at, start));
    // What begins inside is nested; an entity that sticks out is cut at the end of its parent.
    const inner = others.filter((other) => other.offset < end);
    rest = others.filter((other) => other.offset + other.length > end);
    const element = elementFor(entity, text.slice(start, end), actions);
    appendRange(element, text, start, end, inner, actions);
    parent.append(element);
    at = end;
  }
  parent.append(text.slice(at, to));
}

function elementFor(entity, content, actions) {
  const element = document.createElement(TAGS[entity.type] ?? "span");
  switch (entity.type) {
    case "code":
    case "pre":
      element.title = "Copy";
      element.addEventListener("click", () => actions.copy(content));
      if (entity.language) element.dataset.language = entity.language;
      return element;
    case "spoiler":
      element.className = "spoiler";
      element.addEventListener("click", () => element.classList.add("open"));
      return element;
    case "expandable_blockquote":
      element.className = "expandable";
      element.addEventListener("click", () => element.classList.toggle("open"));
      return element;
    case "date_time":
      // The panel, which knows the played time, keeps it up to date.
      element.dataset.unix = entity.unix_time;
      element.dataset.form = entity.date_time_format ?? "";
      element.dataset.plain = content;
      element.title = content;
      return element;
    case "text_link":
      return link(entity.url, actions);
    case "url":
      return link(/^[a-z]+:/i.test(content) ? content : `http://${content}`, actions);
    case "bot_command": {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "link";
      button.addEventListener("click", () => actions.say(content));
      return button;
    }
    case "mention":
    case "text_mention":
    case "hashtag":
      element.className = "link";
      return element;
    default:
      return element;
  }
}

function link(url, actions) {
  if (!isSafeLink(url)) return document.createElement("span");
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  anchor.title = url;
  anchor.addEventListener("click", (event) => {
    if (actions.open(url)) event.preventDefault();
  });
  return anchor;
}
