// Lives the first story of the shop in a browser, with both vendors, at a desk and on a phone.
//
//   node story.js
//
// RING4_BIN is the binary (target/debug/ring4 when unset; its plugins lie beside it), CHROMIUM the
// browser (/usr/bin/chromium when unset). What a failure looked like is left in
// target/browser-test.

import { ANNA } from "./chat.js";
import { perform } from "./play.js";
import * as scenes from "./scenes.js";
import { DESK, PHONE } from "./seats.js";

const RUN_SECS = 600;

/** From the first /start to books that agree. */
async function firstStory(step, seats) {
  await step("Anna comes, and sees what customers see", () => scenes.greets(seats));
  await step("Anna deposits, Ada approves, both by pressing twice", () => scenes.deposits(seats));
  const order = await step("Anna buys and sees her number", () => scenes.buys(seats));
  const card = await step("Anna gets the code", () => scenes.getsTheCode(seats, order));
  await step("the picture of the card shows it all", () => scenes.looksAtTheCard(seats, card));
  await step("Anna copies code and number", () => scenes.copiesTheCode(seats, card));
  await step("card, /balance and /history agree", () => scenes.booksAgree(seats, card));
  await step("wrong buttons and words change nothing", () => scenes.wrongButtons(seats));
}

/** With the mock vendor, orders stay without a code when its settings say so. */
async function silentStory(step, seats) {
  await step("Anna comes", () => scenes.greets(seats));
  await step("Anna deposits, Ada approves", () => scenes.deposits(seats));
  await step("no code comes, the money is back", () => scenes.timesOut(seats));
}

async function firstAndSilentStory(step, seats) {
  await firstStory(step, seats);
  const anna = await seats.of(ANNA);
  await step("the vendor is told to stay silent", () => anna.addFault("code never comes"));
  await step("no code comes, the money is back", () => scenes.timesOut(seats));
}

const PLAYS = [
  { name: "mock", device: DESK, story: firstStory },
  {
    name: "mock, silent", device: DESK, changes: { mock: { no_code_percent: 100 } },
    story: silentStory,
  },
  { name: "smspool", device: PHONE, vendor: "smspool", story: firstAndSilentStory },
];

await perform(PLAYS, { runSecs: RUN_SECS });
