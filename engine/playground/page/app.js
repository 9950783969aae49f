// The chat page: picks a person, follows the live events, sends what is written and pressed.

import { api } from "./api.js";
import { ChatPane, clockTime } from "./chat.js";
import { Composer } from "./composer.js";
import { Panel } from "./panel.js";
import { startPayload } from "./text.js";

const COLOURS = [
  ["#ff885e", "#ff516a"], ["#54cb68", "#28a85f"], ["#82b1ff", "#665fff"], ["#ffcd6a", "#ff9f2e"],
  ["#53edd6", "#28c9b7"], ["#e0a2f3", "#d669ed"], ["#72d5fd", "#2a9ef1"],
];
const TOAST_MS = 3200;
const INLINE_TRIES = 30;
const INLINE_PAUSE_MS = 100;
const SEEN_KEY = "ring4-playground-seen";

const get = (id) => document.getElementById(id);

const state = {
  people: [],
  overview: new Map(),
  current: null,
  chat: null,
  shownVersion: 0,
  fetching: false,
  seen: loadSeen(),
  answersSeen: new Set(),
};

const actions = {
  copy,
  say: (text) => attempt(api.say(state.current, text)),
  open: (url) => {
    const payload = startPayload(url);
    if (payload === null) return false;
    actions.say(`/start ${payload}`);
    return true;
  },
  pay: (message) => attempt(api.pay(state.current, message.message_id)),
  sendFile: (file) => attempt(api.sendFile(state.current, file)),
  press: (message, button) => attempt(api.press(state.current, message.message_id, button.data)),
  zoom: (url) => {
    get("viewer-image").src = url;
    get("viewer").showModal();
  },
};

const pane = new ChatPane(get("messages"), get("to-bottom"), get("below"), actions);
const panel = new Panel({ person: () => state.current, complain: (error) => toast(error.message) });
const composer = new Composer({
  say: (text) => { actions.say(text); pane.scrollDown(false); },
  sendFile: (file) => { actions.sendFile(file); pane.scrollDown(false); },
  inline: askInline,
  chooseInline: (resultId) => attempt(api.chooseInline(state.current, resultId)),
});
get("start").addEventListener("click", () => actions.say("/start"));
get("viewer").addEventListener("click", () => get("viewer").close());

/** Asks the bot and waits for its answer, a few seconds at most. */
async function askInline(query) {
  const person = state.current;
  await attempt(api.inline(person, query));
  for (let tries = 0; tries < INLINE_TRIES; tries += 1) {
    const latest = await api.inlineAnswer(person);
    if (latest?.query === query && latest.status === "answered") return latest.results;
    await new Promise((resolve) => { setTimeout(resolve, INLINE_PAUSE_MS); });
  }
  return [];
}

function loadSeen() {
  try {
    return JSON.parse(sessionStorage.getItem(SEEN_KEY)) ?? {};
  } catch {
    return {};
  }
}

async function attempt(promise) {
  try {
    await promise;
  } catch (error) {
    toast(error.message);
    refresh();
  }
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without the clipboard permission the old way still works after a tap.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast("Copied to the clipboard");
}

let toastTimer;
function toast(text) {
  const element = get("toast");
  element.textContent = text;
  element.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { element.hidden = true; }, TOAST_MS);
}

function alertDialog(text) {
  get("alert-text").textContent = text;
  const dialog = get("alert");
  if (dialog.open) dialog.close();
  dialog.showModal();
}

/* People */

function personRow(person, index) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.className = "person";
  button.dataset.testid = `person-${person.id}`;
  const avatar = element("div", "avatar", [...person.name][0] ?? "?");
  const [one, two] = COLOURS[index % COLOURS.length];
  avatar.style.background = `linear-gradient(160deg, ${one}, ${two})`;
  const lines = element("div", "person-lines");
  const top = element("div", "person-line");
  const bottom = element("div", "person-line");
  const name = element("span", "person-name", person.name);
  if (person.role === "admin") name.append(element("span", "role", "admin"));
  const snippet = element("span", "snippet");
  const when = element("span", "when");
  const badge = element("span", "badge");
  badge.hidden = true;
  top.append(name, when);
  bottom.append(snippet, badge);
  lines.append(top, bottom);
  button.append(avatar, lines);
  button.addEventListener("click", () => select(person.id));
  item.append(button);
  person.row = { button, snippet, when, badge };
  return item;
}

function element(tag, className, text) {
  const created = document.createElement(tag);
  created.className = className;
  if (text !== undefined) created.textContent = text;
  return created;
}

function showPeople() {
  for (const person of state.people) {
    const { button, snippet, when, badge } = person.row;
    const overview = state.overview.get(person.id);
    const isCurrent = person.id === state.current;
    button.setAttribute("aria-current", String(isCurrent));
    if (!overview) continue;
    if (isCurrent && document.visibilityState === "visible") {
      state.seen[person.id] = overview.bot_messages;
    }
    // A playground that was started anew counts from zero again.
    const seen = Math.min(state.seen[person.id] ?? 0, overview.bot_messages);
    const unread = overview.bot_messages - seen;
    badge.hidden = unread === 0;
    badge.textContent = unread > 99 ? "99+" : String(unread);
    const last = overview.last;
    const words = last?.text.replace(/\s+/g, " ") ?? "";
    snippet.textContent = last?.mine ? `You: ${words}` : words;
    when.textContent = last ? clockTime(last.date) : "";
  }
  sessionStorage.setItem(SEEN_KEY, JSON.stringify(state.seen));
  const waiting = state.people.some((person) => !person.row.badge.hidden);
  document.title = `${waiting ? "● " : ""}ring4 playground`;
}

function select(id) {
  if (state.current === id) return;
  composer.keepDraft(state.current);
  state.current = id;
  state.chat = null;
  state.shownVersion = 0;
  history.replaceState(null, "", `#${id}`);
  pane.clear();
  composer.openFor(id);
  showPeople();
  refresh();
}

/* The open chat */

async function refresh() {
  if (state.fetching || state.current === null) return;
  state.fetching = true;
  const id = state.current;
  try {
    const chat = await api.chat(id);
    if (id === state.current) showChat(chat);
  } catch {
    // The live connection notices a playground that is gone, and says so.
  } finally {
    state.fetching = false;
  }
  const newest = state.overview.get(state.current)?.version ?? 0;
  if (state.current !== id || newest > state.shownVersion) {
    setTimeout(refresh, state.current === id ? 60 : 0);
  }
}

function showChat(chat) {
  const isFirst = state.chat === null;
  state.chat = chat;
  state.shownVersion = chat.version;
  pane.show(chat);
  composer.show(chat);
  panel.showPerson(chat.person);
  get("bot-name").textContent = chat.bot.name;
  const status = get("bot-status");
  status.textContent = chat.action ? actionWords(chat.action) : `bot · you are ${chat.person.name}`;
  status.classList.toggle("busy", chat.action !== null);
  if (chat.action) setTimeout(refresh, 5200);
  showAnswers(chat.answers, isFirst);
  showRefusals(chat.checkouts, isFirst);
}

/** Shows why a payment was not taken. */
function showRefusals(checkouts, isFirst) {
  for (const checkout of checkouts) {
    const id = checkout.pre_checkout_query_id;
    if (checkout.status !== "refused" || state.answersSeen.has(id)) continue;
    state.answersSeen.add(id);
    if (!isFirst) alertDialog(checkout.text);
  }
}

function actionWords(action) {
  if (action === "typing") return "typing…";
  return action.startsWith("upload") ? "sending a file…" : "working…";
}

/** Shows the answers to presses that came while the page looked; old ones are not repeated. */
function showAnswers(answers, isFirst) {
  for (const answer of answers) {
    if (answer.status !== "answered" || state.answersSeen.has(answer.callback_query_id)) continue;
    state.answersSeen.add(answer.callback_query_id);
    if (isFirst) continue;
    if (answer.url) actions.open(answer.url);
    if (!answer.text) continue;
    if (answer.show_alert) alertDialog(answer.text);
    else toast(answer.text);
  }
}

/* Live */

function follow() {
  const events = new EventSource("/playground/events");
  events.onopen = () => { get("offline").hidden = true; };
  events.onerror = () => { get("offline").hidden = false; };
  events.onmessage = (event) => {
    get("offline").hidden = true;
    const overview = JSON.parse(event.data);
    panel.setPace(overview);
    panel.refreshFaults();
    state.overview = new Map(overview.people.map((person) => [person.id, person]));
    showPeople();
    const version = state.overview.get(state.current)?.version ?? 0;
    if (version !== state.shownVersion) refresh();
  };
}

async function begin() {
  try {
    state.people = await api.people();
  } catch {
    get("offline").hidden = false;
    setTimeout(begin, 1000);
    return;
  }
  get("people").replaceChildren(...state.people.map(personRow));
  const wanted = Number(location.hash.slice(1));
  const first = state.people.find((person) => person.id === wanted) ?? state.people[0];
  follow();
  if (first) select(first.id);
}

window.addEventListener("hashchange", () => {
  const id = Number(location.hash.slice(1));
  if (state.people.some((person) => person.id === id)) select(id);
});
document.addEventListener("visibilitychange", () => showPeople());
begin();
