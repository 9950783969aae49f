// Amounts as the shop writes them, in millionths of a dollar.

import assert from "node:assert/strict";

/** The amount that a pattern finds in a text. */
export function amountIn(words, pattern) {
  const found = pattern.exec(words);
  assert.ok(found, `no ${pattern} in:\n${words}`);
  return micros(found[1]);
}

export function micros(decimal) {
  assert.match(decimal, /^\d+\.\d{2,6}$/, "not an amount");
  const [whole, part] = decimal.split(".");
  return Number(whole) * 1_000_000 + Number(part.padEnd(6, "0"));
}
