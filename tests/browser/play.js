// Plays stories: one shop and one browser window each, both gone at the end whatever happens.

import { mkdir } from "node:fs/promises";
import { chromium } from "playwright-core";

import { ADA, ANNA } from "./chat.js";
import { Seats } from "./seats.js";
import { Scratch, Shop } from "./shop.js";
import { SceneEnded, Steps } from "./steps.js";

/**
 * Plays them one after the other and sets the exit code. A play has a `name`, a `device`, a
 * `story(step, seats, play)`, and may have a `vendor` and `changes` to the settings.
 */
export async function perform(plays, { runSecs, screenshots }) {
  setTimeout(() => {
    console.error(`the run takes longer than ${runSecs} s`);
    process.exit(1);
  }, runSecs * 1000).unref();
  const steps = new Steps();
  if (screenshots !== undefined) await mkdir(screenshots, { recursive: true });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // Everything is on this machine; the browser need not look for anything elsewhere.
    args: ["--disable-quic", "--disable-component-update", "--disable-sync"],
  });
  try {
    for (const play of plays) await performOne({ ...play, screenshots }, { steps, browser });
  } finally {
    await browser.close();
    steps.close();
  }
  process.exitCode = steps.failed === 0 && steps.passed > 0 ? 0 : 1;
}

async function performOne(play, { steps, browser }) {
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
      if (play.changes !== undefined) {
        options.push("--config", await scratch.config(play.changes));
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
    await play.story(step, seats, play);
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
