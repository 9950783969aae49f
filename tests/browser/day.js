// Lives a customer's day and an admin's day on a phone, in English and in Spanish.
//
//   node day.js [--long] [--screenshots FOLDER]
//
// With --long in Russian, too. With --screenshots the main cards are left in the folder. The
// environment is that of story.js.

import path from "node:path";
import { parseArgs } from "node:util";

import * as admin from "./admin.js";
import { ANNA, BORIS, GROUP_ID } from "./chat.js";
import * as customer from "./customer.js";
import { perform } from "./play.js";
import { PHONE } from "./seats.js";
import { ENGLISH, RUSSIAN, SPANISH } from "./tongues.js";

const RUN_SECS = 300;

/** Codes come after the minute in which the card is watched counting down. */
const MOCK = { delay_min_secs: 100, delay_max_secs: 120 };

/** Cards that are kept in Spanish; the others are kept in English. */
const KEPT_IN_SPANISH = ["menu", "order-waiting"];

async function customersDay(step, seats, day) {
  const of = (act) => () => act(seats, day);
  await step(`Ada comes, speaking ${day.words.code}`, of(admin.comes));
  await step(`${day.name} comes and is met in the same language`, of(customer.comes));
  await step("words with a mistake find the offer", of(customer.searches));
  await step("a deposit with a picture is approved", of(customer.deposits));
  await step("back to the offer, and a number", of(customer.buys));
  await step("the time left runs without an edit", of(customer.countsDown));
  await step("the code rings and is copied", of(customer.getsTheCode));
  await step("a favourite in two taps, cancelled, costs nothing", of(customer.favourite));
  await step("stars are paid and credited", of(customer.paysStars));
  await step("the language changes, and back", of(customer.changesLanguage));
  await step("inline mode leads to the offer", of(customer.findsInline));
}

async function adminsDay(step, seats, day) {
  const of = (act) => () => act(seats, day);
  await step("Ada's dashboard and menu", of(admin.dashboard));
  await step("a deposit is approved from the queue", of(admin.queue));
  await step("a correction is booked and told", of(admin.adjusts));
  await step("a balance is explained by its entries", of(admin.explains));
  await step("the chart", of(admin.looksAtFigures));
  await step("a refund is asked for in words and approved", of(customer.refunds));
  await step("orders and entries as files", of(admin.takesTables));
  await step("selling pauses and goes on", of(admin.pauses));
  await step("news reaches a customer", of(admin.tellsEverybody));
  await step("rules, vendors, services, acts", of(admin.looksAround));
}

function dayOf(person, seats, screenshots) {
  const isSpanish = person.words === SPANISH;
  const wanted = screenshots !== undefined && person.words !== RUSSIAN;
  const keep = async (name, { dark = false } = {}) => {
    if (!wanted || isSpanish !== KEPT_IN_SPANISH.includes(name)) return;
    const chat = [...seats.chats.values()][0];
    await chat.keep(path.join(screenshots, `${name}.png`), { dark });
  };
  return { ...person, keep };
}

async function days(step, seats, { people, screenshots }) {
  for (const person of people) {
    const day = dayOf(person, seats, screenshots);
    await customersDay(step, seats, day);
    await adminsDay(step, seats, day);
  }
}

async function groupsDay(step, seats, { people, screenshots }) {
  const day = dayOf(people[0], seats, screenshots);
  await step("Anna comes", () => customer.comes(seats, { ...day, keep: async () => {} }));
  await step("a deposit is decided in the group", () => admin.decidesInGroup(seats, day));
}

const PEOPLE = [
  { id: ANNA, name: "Anna", words: ENGLISH, other: SPANISH },
  { id: BORIS, name: "Boris", words: SPANISH, other: ENGLISH },
];
const ANNA_IN_RUSSIAN = { id: ANNA, name: "Anna", words: RUSSIAN, other: SPANISH };

const { values } = parseArgs({
  options: { screenshots: { type: "string" }, long: { type: "boolean", default: false } },
});
const device = { ...PHONE, deviceScaleFactor: 2 };
const play = { device, changes: { mock: MOCK, stars: true }, story: days };
const plays = [
  { ...play, name: "day", people: PEOPLE },
  { ...play, name: "group", people: PEOPLE, changes: { group: GROUP_ID }, story: groupsDay },
];
if (values.long) plays.push({ ...play, name: "day in Russian", people: [ANNA_IN_RUSSIAN] });
await perform(plays, { runSecs: RUN_SECS, screenshots: values.screenshots });
