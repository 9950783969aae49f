// Reads a picture as an eye would: what is not to be seen, because something covers it or it has
// the colour of its ground, is not read.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

const READ_MS = 30_000;

/** What each line of the order card is called, and what of it must be legible. */
const CARD = {
  number: /Number \+?(\d{8,15})\b/,
  code: /Code (\d{4,8})\b/,
  price: /\$(\d+\.\d{2,6}) charged/,
  balance: /balance \$(\d+\.\d{2,6})/,
};

/** The number, code, price and balance in the text of an order card. */
export function readCard(words) {
  const entries = Object.entries(CARD).map(([name, pattern]) => {
    const found = pattern.exec(words);
    assert.ok(found, `no ${name} in:\n${words}`);
    return [name, found[1]];
  });
  return Object.fromEntries(entries);
}

/** Takes a picture of an order card and compares what is drawn with what the page holds. */
export async function lookAtCard(bubble) {
  const held = readCard(await bubble.locator(".text").innerText());
  const seen = readCard(await recognise(await bubble.screenshot()));
  assert.deepEqual(seen, held, "the picture shows something else than the page holds");
  return seen;
}

/** The text in a PNG. */
async function recognise(png) {
  const reader = spawn("tesseract", ["stdin", "stdout", "-l", "eng", "--psm", "6"], {
    stdio: ["pipe", "pipe", "pipe"],
    timeout: READ_MS,
    // One picture is small; more threads only get in each other's way.
    env: { ...process.env, OMP_THREAD_LIMIT: "1" },
  });
  reader.stdin.end(png);
  const [words, complaints, [code]] = await Promise.all([
    text(reader.stdout), text(reader.stderr), once(reader, "exit"),
  ]);
  assert.equal(code, 0, `tesseract: ${complaints}`);
  return words;
}
