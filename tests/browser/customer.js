// A customer's day: what somebody does who comes for the first time, in their language. Ada, who
// decides, speaks it too.

import assert from "node:assert/strict";

import { amountIn } from "./amounts.js";
import { ADA } from "./chat.js";

/** More played seconds per second than a code needs; the shop is asked to hurry only for it. */
const FAST = 60;

/** Sets the language of the app before the first word, and meets the shop in it. */
export async function comes(seats, { id, name, words, keep }) {
  const chat = await seats.of(id);
  await chat.speak(words.code);
  assert.equal(await chat.page.getByTestId("start").innerText(), words.start);
  await chat.begin();
  await chat.hears(words.hello(name), "$0.00");
  const menu = await chat.menu();
  for (const [command, description] of Object.entries(words.commands)) {
    assert.equal(menu.get(command), description);
  }
  assert.ok(!menu.has("/admin"), "a customer's menu has /admin");
  await chat.fits();
  await chat.turnMenu();
  await keep("menu");
  await chat.turnMenu();
}

/** Words with a mistake lead to the offer, which says what is missing. */
export async function searches(seats, { id, words }) {
  const chat = await seats.of(id);
  await chat.ask(words.misspelt);
  await chat.press(words.country);
  await chat.hears("WhatsApp", words.country, words.price, words.missing);
}

/** Pays by address, with a picture; Ada sees both and approves once. */
export async function deposits(seats, { id, name, words, keep }) {
  let chat = await seats.of(id);
  await chat.press(words.addMoney);
  await chat.press("USDT");
  await chat.hears("USDT (TRC-20)", "TRON (TRC-20)");
  await keep("deposit");
  // Any picture is one of a payment, also that of the card.
  const picture = await chat.message("USDT (TRC-20)").locator(".bubble").screenshot();
  await chat.press(words.paid);
  await chat.hears("USDT (TRC-20)", words.claimed);
  await chat.attach("paid.png", "image/png", picture);
  await chat.hears(words.pictureNoted);
  const ada = await seats.of(ADA);
  const card = ada.message(name, words.waits);
  await card.waitFor();
  const [width, height] = await ada.opensPhoto();
  assert.ok(width > 200 && height > 200, `the picture has ${width} × ${height} pixels`);
  await keep("admin-deposit");
  await ada.press(words.approve, card);
  await ada.hears(words.approvedBy);
  chat = await seats.of(id);
  await chat.hears(words.credited);
}

/** From the deposit back to the offer, then one press: a number. */
export async function buys(seats, { id, words, keep }) {
  const chat = await seats.of(id);
  await chat.press(words.backToOffer, chat.message(words.credited));
  await chat.press(words.buyFor);
  const card = await chat.hears("WhatsApp", "+44", words.waiting);
  assert.match(card, words.minutes, "the time left is not in the person's words");
  await keep("order-waiting");
}

/** The time left runs in the card while nobody edits it. */
export async function countsDown(seats, { id, words }) {
  const chat = await seats.of(id);
  const left = await chat.message("WhatsApp", words.waiting).locator("[data-unix]").elementHandle();
  const minutes = (text) => Number(words.minutes.exec(text)[1]);
  const before = await left.innerText();
  await chat.advance(60);
  const after = await chat.page.waitForFunction(
    ([element, text]) => element.innerText !== text && element.innerText, [left, before]);
  assert.equal(minutes(await after.jsonValue()), minutes(before) - 1);
  assert.ok(await left.evaluate((element) => element.isConnected), "the card was edited");
}

/** The code comes: it rings, stands on the card, and is one tap from being pasted. */
export async function getsTheCode(seats, { id, words, keep }) {
  const chat = await seats.of(id);
  await chat.speed(FAST);
  const ring = await chat.hears(words.ring);
  await chat.speed(1);
  const code = words.codeIs.exec(ring)[1];
  const card = chat.message("WhatsApp", words.delivered, code);
  await card.waitFor();
  assert.equal(await chat.copies(words.copyCode, card), code);
  await keep("order-delivered");
}

/** A favourite is two taps away from /start; the order is cancelled and its money comes back. */
export async function favourite(seats, { id, words }) {
  const chat = await seats.of(id);
  const before = amountIn(await chat.ask("/start"), /\$(\d+\.\d{2,6})/);
  await chat.press("⭐");
  await chat.press(words.buyFor);
  await chat.hears("WhatsApp", "+44", words.waiting);
  await chat.press(words.cancel);
  await chat.hears("WhatsApp", "+44", words.cancelled);
  const after = amountIn(await chat.ask("/balance"), new RegExp(`${words.has} \\$(\\S+)`));
  assert.equal(after, before, "a cancelled order costs nothing");
}

/** Asks for a refund in words of their own; Ada reads them in the queue and approves. */
export async function refunds(seats, { id, name, words, keep }) {
  let chat = await seats.of(id);
  await chat.press(words.didNotWork, chat.message("WhatsApp", words.delivered));
  await chat.hears(words.whatWentWrong);
  await chat.write(words.complaint);
  await chat.hears(words.requested);
  const ada = await seats.of(ADA);
  await ada.ask("/refunds");
  await ada.hears(words.oneRefund);
  await ada.press(name);
  await ada.hears(name, words.complaint, words.waits);
  await keep("admin-refund");
  await ada.press(words.approve);
  await ada.hears(words.complaint, words.approvedBy);
  chat = await seats.of(id);
  await chat.hears(words.refunded);
}

/** Stars need nobody: the invoice is paid, the wallet has the money, the invoice is a receipt. */
export async function paysStars(seats, { id, words, keep }) {
  const chat = await seats.of(id);
  await chat.ask("/deposit");
  await chat.press("$5.00");
  await chat.press("Telegram Stars");
  await chat.hears(words.payStars);
  const pay = chat.page.locator("[data-kind=pay]");
  const invoice = chat.page.getByTestId("message").filter({ has: pay }).last();
  await keep("stars");
  await chat.press("385", invoice);
  await chat.page.getByTestId("message").filter({ hasText: words.starsPaid }).waitFor();
  await chat.hears("$5.00", words.credited);
  assert.match(await invoice.innerText(), /Receipt/);
}

/** The shop changes its language at once, and back. */
export async function changesLanguage(seats, { id, words, other }) {
  const chat = await seats.of(id);
  await chat.ask("/language");
  await chat.press(other.own);
  await chat.notices(other.chosen);
  await chat.ask("/language");
  await chat.hears(other.language);
  await chat.press(words.own);
  await chat.notices(words.chosen);
}

/** Inline mode, as in any chat: a row with a price, and one tap to the offer. */
export async function findsInline(seats, { id, words, keep }) {
  const chat = await seats.of(id);
  const rows = await chat.inline("whatsapp uk");
  await chat.fits();
  await keep("inline");
  const newest = await chat.newest();
  await rows.filter({ hasText: words.country }).first().click();
  await chat.hearsAfter(newest, "WhatsApp", words.country, words.price);
}
