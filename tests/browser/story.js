// Lives the first story of the shop in a browser, with both vendors, at a desk and on a phone.
//
//   node story.js [--screenshots FOLDER]
//
// RING4_BIN is the binary (target/debug/ring4 when unset; its plugins lie beside it), CHROMIUM the
// browser (/usr/bin/chromium when unset). With --screenshots, chat.png and phone.png of the story
// are left in the folder. What a failure looked like is left in target/browser-test.

import { mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

import { ADA, ANNA, Chat } from "./chat.js";
import * as scenes from "./scenes.js";
import { Scratch, Shop } from "./shop.js";
import { SceneEnded, Steps } from "./steps.js";

const FAILURES = fileURLToPath(new URL("../../target/browser-test", import.meta.url));
const RUN_SECS = 600;

const DESK = {
  name: "desk",
  picture: "chat.png",
  tabs: true,
  viewport: { width: 1280, height: 860 },
  deviceScaleFactor: 2,
};
const PHONE = {
  name: "phone",
  picture: "phone.png",
  tabs: false,
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 3,
  isMobile: true,
  hasTouch: true,
};

/** Where the people sit: at a desk each has a tab of their own, on a phone they share one. */
class Seats {
  constructor(context, address, tabs) {
    this.context = context;
    this.address = address;
    this.tabs = tabs;
    this.chats = new Map();
  }

  /** The page as this person has it. */
  async of(person) {
    const seat = this.tabs ? person : "shared";
    const known = this.chats.get(seat);
    if (known === undefined) {
      this.chats.set(seat, await Chat.open(this.context, this.address, person));
    } else if (!this.tabs) {
      await known.become(person);
    }
    return this.chats.get(seat);
  }

  async close() {
    for (const chat of this.chats.values()) await chat.close();
  }

  /** What is to be seen everywhere, for the report of a failure. */
  async evidence(name) {
    await mkdir(FAILURES, { recursive: true });
    const texts = [];
    for (const [seat, chat] of this.chats) {
      const file = path.join(FAILURES, `${name.replaceAll(/\W+/g, "-")}-${seat}.png`);
      await chat.page.screenshot({ path: file });
      texts.push(`see ${file}`, await chat.transcript());
    }
    return texts.join("\n");
  }
}

/** From the first /start to books that agree. */
async function firstStory(step, seats, { device, screenshots }) {
  await step("Anna comes, and sees what customers see", () => scenes.greets(seats));
  await step("Anna deposits, Ada approves, both by pressing twice", () => scenes.deposits(seats));
  const order = await step("Anna buys and sees her number", () => scenes.buys(seats));
  const card = await step("Anna gets the code", () => scenes.getsTheCode(seats, order));
  if (screenshots !== undefined) {
    const { page } = await seats.of(ANNA);
    await page.mouse.move(0, 0);
    await page.screenshot({ path: path.join(screenshots, device.picture) });
  }
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

async function firstAndSilentStory(step, seats, play) {
  await firstStory(step, seats, play);
  const anna = await seats.of(ANNA);
  await step("the vendor is told to stay silent", () => anna.addFault("code never comes"));
  await step("no code comes, the money is back", () => scenes.timesOut(seats));
}

const PLAYS = [
  { name: "mock", device: DESK, story: firstStory },
  { name: "mock, silent", device: DESK, mock: { no_code_percent: 100 }, story: silentStory },
  { name: "smspool", device: PHONE, vendor: "smspool", story: firstAndSilentStory },
];

/** One shop, one browser window, one story; whatever happens, neither outlives it. */
async function perform(play, { steps, browser, screenshots }) {
  const scratch = await Scratch.make();
  const name = (what) => `${play.name}, ${play.device.name}: ${what}`;
  let shop;
  let context;
  let seats;
  const evidence = async (what) => `${await seats?.evidence(what) ?? ""}\n${shop?.log() ?? ""}`;
  const step = (what, act) => steps.step(name(what), act, () => evidence(name(what)));
  try {
    shop = await step("the demo starts", async () => {
      const options = play.vendor === undefined ? [] : ["--vendor", play.vendor];
      if (play.mock !== undefined) {
        options.push("--config", await scratch.configWithMock(play.mock));
      }
      return Shop.start(scratch, options);
    });
    const { viewport, deviceScaleFactor, isMobile, hasTouch } = play.device;
    context = await browser.newContext({
      viewport, deviceScaleFactor, isMobile, hasTouch,
      colorScheme: "light",
      locale: "en-GB",
      permissions: ["clipboard-read", "clipboard-write"],
      reducedMotion: "reduce",
    });
    seats = new Seats(context, shop.address, play.device.tabs);
    await step("the page opens", async () => {
      await seats.of(ANNA);
      if (play.device.tabs) await seats.of(ADA);
    });
    await play.story(step, seats, { device: play.device, screenshots });
    await step("the page was never loaded again, nothing in it failed", () => seats.close());
    await step("SIGTERM ends it, nothing remains", () => shop.stop());
  } catch (error) {
    // A step that failed was reported by itself.
    if (!(error instanceof SceneEnded)) throw error;
  } finally {
    await context?.close();
    shop?.kill();
    await scratch.remove();
  }
}

const { values } = parseArgs({ options: { screenshots: { type: "string" } } });
setTimeout(() => {
  console.error(`the run takes longer than ${RUN_SECS} s`);
  process.exit(1);
}, RUN_SECS * 1000).unref();

const steps = new Steps();
if (values.screenshots !== undefined) await mkdir(values.screenshots, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  // Everything is on this machine; the browser need not look for anything elsewhere.
  args: ["--disable-quic", "--disable-component-update", "--disable-sync"],
});
try {
  for (const play of PLAYS) {
    await perform(play, { steps, browser, screenshots: values.screenshots });
  }
} finally {
  await browser.close();
  steps.close();
}
process.exitCode = steps.failed === 0 && steps.passed > 0 ? 0 : 1;
