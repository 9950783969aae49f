// The chat page: picks a seat, follows the live events, sends what is written and pressed. A seat
// is a person in the private chat with the bot, or an admin in the group.

import { api } from "./api.js";
import { ChatPane } from "./chat.js";
import { Composer } from "./composer.js";
import { clockTime } from "./moments.js";
import { Panel } from "./panel.js";
import { startPayload } from "./text.js";
import { wordsIn } from "./words.js";

const COLOURS = [
  ["#ff885e", "#ff516a"], ["#54cb68", "#28a85f"], ["#82b1ff", "#665fff"], ["#ffcd6a", "#ff9f2e"],
  ["#53edd6", "#28c9b7"], ["#e0a2f3", "#d669ed"], ["#72d5fd", "#2a9ef1"],
];
const TOAST_MS = 3200;
const INLINE_TRIES = 30;
const INLINE_PAUSE_MS = 100;
/** What the group is called among the chats' glances. */
const GROUP = "group";
const SEEN_KEY = "ring4-playground-seen";

const get = (id) => document.getElementById(id);

const state = {
  seats: [],
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
  say: (text) => attempt(api.say(state.current.person, state.current.chat, text)),
  open: (url) => {
    const payload = startPayload(url);
    if (payload === null) return false;
    actions.say(`/start ${payload}`);
    return true;
  },
  pay: (message) => attempt(api.pay(state.current.person, message.message_id)),
  sendFile: (file) => attempt(api.sendFile(state.current.person, file)),
  press: (message, button) => {
    const { person, chat } = state.current;
    attempt(api.press(person, chat, message.message_id, button.data));
  },
  zoom: (url) => {
    get("viewer-image").src = url;
    get("viewer").showModal();
  },
};

const pane = new ChatPane(get("messages"), get("to-bottom"), get("below"), actions);
const panel = new Panel({
  person: () => state.current.person,
  complain: (error) => toast(error.message),
});
const composer = new Composer({
  say: (text) => { actions.say(text); pane.scrollDown(false); },
  sendFile: (file) => { actions.sendFile(file); pane.scrollDown(false); },
  inline: askInline,
  chooseInline: (resultId) => attempt(api.chooseInline(state.current.person, resultId)),
});
get("start").addEventListener("click", () => actions.say("/start"));
get("viewer").addEventListener("click", () => get("viewer").close());

/** Asks the bot and waits for its answer, a few seconds at most: `{results, button}`. */
async function askInline(query) {
  const { person } = state.current;
  await attempt(api.inline(person, query));
  for (let tries = 0; tries < INLINE_TRIES; tries += 1) {
    const latest = await api.inlineAnswer(person);
    if (latest?.query === query && latest.status === "answered") return latest;
    await new Promise((resolve) => { setTimeout(resolve, INLINE_PAUSE_MS); });
  }
  return { results: [], button: null };
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
  toast(words().copied);
}

/** The words of the open person's app. */
function words() {
  return wordsIn(state.chat?.person.language_code ?? "en");
}

let toastTimer;
function toast(text) {
  const element = get("toast");
  element.textContent = text;
  element.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { element.hidden = true; }, TOAST_MS);
}

function hideToast() {
  clearTimeout(toastTimer);
  get("toast").hidden = true;
}

function alertDialog(text) {
  get("alert-text").textContent = text;
  const dialog = get("alert");
  if (dialog.open) dialog.close();
  dialog.showModal();
}

/* Seats */

/** The people's chats, and the group with the first admin in it. */
function seatsOf(people) {
  const seats = people.map((person) => ({
    key: String(person.id), overviewId: person.id, person: person.id, chat: "private",
    name: person.name, role: person.role,
  }));
  const admin = people.find((person) => person.role === "admin");
  if (admin) {
    const group = { key: "group", overviewId: GROUP, person: admin.id, chat: "group" };
    seats.push({ ...group, name: "Group", role: "group" });
  }
  return seats;
}

function seatRow(seat, index) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.className = "person";
  button.dataset.testid = `person-${seat.key}`;
  // The group is there once something was said in it.
  item.hidden = seat.chat === "group";
  const avatar = element("div", "avatar", [...seat.name][0] ?? "?");
  const [one, two] = COLOURS[index % COLOURS.length];
  avatar.style.background = `linear-gradient(160deg, ${one}, ${two})`;
  const lines = element("div", "person-lines");
  const top = element("div", "person-line");
  const bottom = element("div", "person-line");
  const name = element("span", "person-name", seat.name);
  if (seat.role === "admin") name.append(element("span", "role", "admin"));
  const snippet = element("span", "snippet");
  const when = element("span", "when");
  const badge = element("span", "badge");
  badge.hidden = true;
  top.append(name, when);
  bottom.append(snippet, badge);
  lines.append(top, bottom);
  button.append(avatar, lines);
  button.addEventListener("click", () => select(seat));
  item.append(button);
  seat.row = { item, button, snippet, when, badge };
  return item;
}

function element(tag, className, text) {
  const created = document.createElement(tag);
  created.className = className;
  if (text !== undefined) created.textContent = text;
  return created;
}

function showSeats() {
  for (const seat of state.seats) {
    const { item, button, snippet, when, badge } = seat.row;
    const overview = state.overview.get(seat.overviewId);
    const isCurrent = seat === state.current;
    button.setAttribute("aria-current", String(isCurrent));
    if (!overview) continue;
    if (seat.chat === "group") item.hidden = !isCurrent && overview.last === null;
    if (isCurrent && document.visibilityState === "visible") {
      state.seen[seat.key] = overview.bot_messages;
    }
    // A playground that was started anew counts from zero again.
    const seen = Math.min(state.seen[seat.key] ?? 0, overview.bot_messages);
    const unread = overview.bot_messages - seen;
    badge.hidden = unread === 0;
    badge.textContent = unread > 99 ? "99+" : String(unread);
    const last = overview.last;
    const text = last?.text.replace(/\s+/g, " ") ?? "";
    snippet.textContent = last?.mine ? `${words().you}: ${text}` : text;
    when.textContent = last ? clockTime(last.date, "en") : "";
  }
  sessionStorage.setItem(SEEN_KEY, JSON.stringify(state.seen));
  const waiting = state.seats.some((seat) => !seat.row.badge.hidden);
  document.title = `${waiting ? "● " : ""}ring4 playground`;
}

function select(seat) {
  if (state.current === seat) return;
  if (state.current) composer.keepDraft(state.current.key);
  state.current = seat;
  state.chat = null;
  state.shownVersion = 0;
  history.replaceState(null, "", `#${seat.key}`);
  hideToast();
  pane.clear();
  composer.openFor(seat.key);
  showSeats();
  refresh();
}

/* The open chat */

async function refresh() {
  if (state.fetching || state.current === null) return;
  state.fetching = true;
  const seat = state.current;
  try {
    const chat = await api.chat(seat.person, seat.chat);
    if (seat === state.current) showChat(chat);
  } catch {
    // The live connection notices a playground that is gone, and says so.
  } finally {
    state.fetching = false;
  }
  const newest = state.overview.get(state.current.overviewId)?.version ?? 0;
  if (state.current !== seat || newest > state.shownVersion) {
    setTimeout(refresh, state.current === seat ? 60 : 0);
  }
}

function showChat(chat) {
  const isFirst = state.chat === null;
  state.chat = chat;
  state.shownVersion = chat.version;
  const isGroup = state.current.chat === "group";
  document.querySelector("main").lang = chat.person.language_code;
  pane.show(chat, isGroup);
  composer.show(chat, words(), isGroup);
  panel.showPerson(chat.person);
  get("bot-name").textContent = isGroup ? state.current.name : chat.bot.name;
  const status = get("bot-status");
  const who = isGroup ? `group · you are ${chat.person.name}` : `bot · you are ${chat.person.name}`;
  status.textContent = chat.action ? actionWords(chat.action) : who;
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
  return action === "typing" ? words().typing : words().sending;
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
    state.overview.set(GROUP, overview.group);
    showSeats();
    const version = state.overview.get(state.current?.overviewId)?.version ?? 0;
    if (version !== state.shownVersion) refresh();
  };
}

/** The seat that the address names, or none. */
function seatInAddress() {
  return state.seats.find((seat) => seat.key === location.hash.slice(1));
}

async function begin() {
  try {
    state.seats = seatsOf(await api.people());
  } catch {
    get("offline").hidden = false;
    setTimeout(begin, 1000);
    return;
  }
  get("people").replaceChildren(...state.seats.map(seatRow));
  const first = seatInAddress() ?? state.seats[0];
  follow();
  if (first) select(first);
}

window.addEventListener("hashchange", () => {
  const seat = seatInAddress();
  if (seat) select(seat);
});
document.addEventListener("visibilitychange", () => showSeats());
begin();
