// What the people of the shop do and must see, one function per part of the story. They know the
// chat page and nothing of how the shop or the browser was started.

import assert from "node:assert/strict";

import { amountIn, micros } from "./amounts.js";
import { ADA, ANNA } from "./chat.js";
import { lookAtCard, readCard } from "./picture.js";

/** Anna comes for the first time; her menu shows no admin's command. */
export async function greets(seats) {
  const anna = await seats.of(ANNA);
  await anna.begin();
  await anna.hears("Hello Anna", "$0.00");
  const commands = await anna.commands();
  assert.ok(commands.includes("/buy"), `the menu has ${commands}`);
  assert.ok(!commands.some((name) => /admin|deposits|approve|reject/.test(name)), `${commands}`);
}

/** Anna says that she paid, twice; Ada approves, once; Anna has the money. */
export async function deposits(seats) {
  let anna = await seats.of(ANNA);
  await anna.ask("/deposit");
  await anna.press("$10.00");
  await anna.press("USDT");
  assert.equal(await anna.copies("Amount"), "10.00");
  await anna.pressTwice("I have paid");
  await anna.hears("Deposit of $10.00", "An admin is looking");
  assert.equal(await anna.unread(ADA), 1, "one claim is one card");
  const ada = await seats.of(ADA);
  await ada.hears("Deposit of $10.00", "Anna", "Waits for a decision");
  await ada.pressTwice("Approve");
  await ada.hears("Approved by Ada");
  anna = await seats.of(ANNA);
  await anna.hears("$10.00 is in your wallet", "You have $10.00");
  await anna.hears("Deposit of $10.00", "Credited");
  const wallet = readWallet(await anna.ask("/balance"));
  assert.deepEqual(wallet, { available: 10_000_000, held: 0, deposited: 10_000_000, spent: 0 });
}

/** Anna presses Buy twice in the same moment, gets one number, and one price is held. */
export async function buys(seats) {
  const anna = await seats.of(ANNA);
  const before = await opensOffer(anna);
  await anna.pressTwice("Buy for");
  const card = await anna.hears("Number +", "Waiting for the code", "held");
  const price = amountIn(card, /\$(\S+) held/);
  assert.equal(amountIn(card, /balance \$(\S+)/), before - price, card);
  return { number: /Number (\+\d+)/.exec(card)[1], price };
}

/** Opens the price of an offer and returns what the customer has according to it. */
async function opensOffer(chat) {
  await chat.ask("/buy");
  // What was bought before stands above the services, under the same name.
  await chat.press("☎️ Ring4");
  await chat.press("United States");
  return amountIn(await chat.hears("Price", "fixed for"), /You have \$(\S+)/);
}

/** The code comes: the card shows it, a message rings, and both say the same. */
export async function getsTheCode(seats, { number, price }) {
  const anna = await seats.of(ANNA);
  await anna.speed(10);
  const ring = await anna.hears("Your Ring4 code is");
  await anna.speed(1);
  const card = readCard(await anna.hears("Delivered", "charged"));
  assert.equal(`+${card.number}`, number, "the card has another number now");
  assert.ok(ring.includes(number) && ring.includes(card.code), `the ring is: ${ring}`);
  assert.equal(micros(card.price), price, "charged is what was held");
  return card;
}

/** The code and the number are one tap away from being pasted. */
export async function copiesTheCode(seats, card) {
  const anna = await seats.of(ANNA);
  const message = anna.message("Delivered", "charged");
  assert.equal(await anna.copies("Copy code", message), card.code);
  assert.equal(await anna.copies("Number", message), `+${card.number}`);
  assert.equal(await anna.copies("Without +1", message), card.number.slice(1));
}

/** The picture of the card shows number, code, price and balance. */
export async function looksAtTheCard(seats, card) {
  const anna = await seats.of(ANNA);
  const bubble = anna.message("Delivered", "charged").locator(".bubble");
  assert.deepEqual(await lookAtCard(bubble), card);
}

/** /balance, /history and the card tell the same. */
export async function booksAgree(seats, card) {
  const anna = await seats.of(ANNA);
  const wallet = readWallet(await anna.ask("/balance"));
  const price = micros(card.price);
  assert.equal(wallet.available, micros(card.balance), "the card has another balance");
  assert.deepEqual(wallet, {
    available: 10_000_000 - price, held: 0, deposited: 10_000_000, spent: price,
  });
  const history = await anna.ask("/history");
  assert.equal(sumOfEntries(history), wallet.available, `the entries do not add up:\n${history}`);
  for (const words of ["deposit", "held for order", "charged for order"]) {
    assert.equal(history.split(words).length, 2, `not one “${words}” in:\n${history}`);
  }
}

/** Buttons that are out of date and commands that are not Anna's change nothing. */
export async function wrongButtons(seats) {
  const anna = await seats.of(ANNA);
  const before = readWallet(await anna.ask("/balance"));
  await opensOffer(anna);
  await anna.advance(600);
  await anna.press("Buy for");
  await anna.notices("This price has lapsed");
  const unknown = await anna.ask("/no_such_command");
  for (const text of ["/admin", "/deposits", "/approve_deposit 4XK7Q2M9", "/reject_deposit X"]) {
    assert.equal(await anna.ask(text), unknown, `${text} is not like an unknown command`);
  }
  for (const amount of ["-5", "1e9", "NaN", "0.001", "１２"]) {
    assert.doesNotMatch(await anna.ask(`/deposit ${amount}`), /^Deposit of/, `took ${amount}`);
  }
  assert.deepEqual(readWallet(await anna.ask("/balance")), before);
}

/** Nobody answers an order of Anna's: the hold is given back, and she is told so. */
export async function timesOut(seats) {
  const { number, price } = await buys(seats);
  const anna = await seats.of(ANNA);
  const before = readWallet(await anna.ask("/balance"));
  assert.equal(before.held, price);
  await anna.advance(600);
  const words = await anna.hears("No Ring4 code arrived in time", "is back in your wallet");
  const back = amountIn(words, /\$(\S+) is back/);
  assert.equal(back, before.held, "what comes back is what was held");
  await anna.hears(number, "No code arrived", "returned");
  const wallet = readWallet(await anna.ask("/balance"));
  assert.deepEqual(wallet, { ...before, available: before.available + back, held: 0 });
  assert.equal(amountIn(words, /you have \$(\d+\.\d+)/), wallet.available, words);
  const history = await anna.ask("/history");
  assert.match(history, /returned from order/);
  assert.equal(sumOfEntries(history), wallet.available, `the entries do not add up:\n${history}`);
}

/** The amounts of /balance, in millionths of a dollar. */
function readWallet(words) {
  return {
    available: amountIn(words, /^Available \$(\S+)$/m),
    held: amountIn(words, /^Held \$(\S+)$/m),
    deposited: amountIn(words, /^Deposited \$(\S+)$/m),
    spent: amountIn(words, /^Spent \$(\S+)$/m),
  };
}

/** What the entries of /history leave to spend; a charge only makes final what was held. */
function sumOfEntries(words) {
  const rows = [...words.matchAll(/^#\d+ .*?([+−]?)\$(\d+\.\d{2,6}) /gm)];
  assert.ok(rows.length > 0, `no entries in:\n${words}`);
  const signs = { "+": 1, "−": -1, "": 0 };
  return rows.reduce((sum, [, sign, amount]) => sum + signs[sign] * micros(amount), 0);
}
