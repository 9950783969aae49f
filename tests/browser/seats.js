// Where the people sit while a story is told, and what is to be seen there when it fails.

import { mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { Chat } from "./chat.js";

const FAILURES = fileURLToPath(new URL("../../target/browser-test", import.meta.url));

export const DESK = {
  name: "desk",
  tabs: true,
  viewport: { width: 1280, height: 860 },
  deviceScaleFactor: 2,
};
export const PHONE = {
  name: "phone",
  tabs: false,
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 3,
  isMobile: true,
  hasTouch: true,
};

/** At a desk each person has a tab of their own, on a phone they share one. */
export class Seats {
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
