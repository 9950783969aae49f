// An admin's day: what stands on Ada's desk, in her language.

import assert from "node:assert/strict";

import { amountIn } from "./amounts.js";
import { ADA, GROUP } from "./chat.js";

/** Comes, and chooses her language: the app's own counts for the first words only. */
export async function comes(seats, { words }) {
  const ada = await seats.of(ADA);
  await ada.speak(words.code);
  const start = ada.page.getByTestId("start");
  if (await start.isVisible()) {
    await ada.begin();
    await ada.hears(words.hello("Ada"));
  }
  await ada.ask("/language");
  await ada.press(words.own);
  await ada.notices(words.chosen);
  await ada.ask("/start");
  await ada.hears(words.hello("Ada"));
}

/** Opens the dashboard; the menu has what only admins have. */
export async function dashboard(seats, { words, keep }) {
  const ada = await seats.of(ADA);
  const menu = await ada.menu();
  for (const [command, description] of Object.entries(words.adminCommands)) {
    assert.equal(menu.get(command), description);
  }
  const board = await ada.ask("/admin");
  assert.match(board, new RegExp(`^${words.dashboard}`));
  assert.match(board, words.figures.orders);
  assert.equal(words.figures.deposits.exec(board)[1], "0", board);
  await ada.fits();
  await keep("dashboard");
}

/** A claim comes; the queue has it, opens it, and it is approved there. */
export async function queue(seats, { id, name, words }) {
  let chat = await seats.of(id);
  await chat.ask("/deposit");
  await chat.press("$50.00");
  await chat.press("Binance Pay");
  await chat.press(words.paid);
  await chat.hears("Binance Pay", words.claimed);
  const ada = await seats.of(ADA);
  await ada.ask("/admin");
  await ada.press(words.queue);
  await ada.hears(words.oneDeposit);
  await ada.press(name);
  await ada.hears(name, "Binance Pay", words.waits);
  await ada.press(words.approve);
  await ada.hears("Binance Pay", words.approvedBy);
  chat = await seats.of(id);
  await chat.hears("$50.00", words.credited);
}

/** A customer's balance is explained by its entries; the parts add up. */
export async function explains(seats, { id, name, words }) {
  const ada = await seats.of(ADA);
  const card = await ada.ask(`/user ${id}`);
  assert.ok(card.includes(name) && card.includes(words.entries), card);
  const amount = (sign) => [...card.matchAll(new RegExp(`${sign} \\$(\\d+\\.\\d{2,6})`, "g"))]
    .reduce((sum, found) => sum + amountIn(found[0], /\$(\S+)/), 0);
  const sum = amount("=") + amount("\\+") - amount("−");
  assert.equal(sum, amountIn(card, /\$(\d+\.\d{2,6})\s*=/), card);
}

/** A correction takes a second press; the customer is told of it once it is booked. */
export async function adjusts(seats, { id, words }) {
  const ada = await seats.of(ADA);
  await ada.ask(`/adjust ${id} +5.00 late bonus`);
  await ada.hears(words.correction, "late bonus");
  await ada.press(words.book);
  await ada.notices(words.booked);
  const chat = await seats.of(id);
  await chat.hears(words.corrected, "late bonus");
}

/** Where the admins have a group, the claim's card is there and is decided there. */
export async function decidesInGroup(seats, { id, name, words, keep }) {
  let chat = await seats.of(id);
  await chat.ask("/deposit 10");
  await chat.press("USDT");
  await chat.press(words.paid);
  const group = await seats.of(GROUP);
  const card = group.message(name, words.waits);
  await card.waitFor();
  await keep("group");
  await group.press(words.approve, card);
  await group.hears(name, words.approvedBy);
  chat = await seats.of(id);
  await chat.hears(words.credited);
}

/** The chart is drawn, opens large, and stands on dark and on light ground. */
export async function looksAtFigures(seats, { words, keep }) {
  const ada = await seats.of(ADA);
  const newest = await ada.newest();
  await ada.write("/stats 7d");
  await ada.hearsAfter(newest, words.week);
  const [width, height] = await ada.opensPhoto(ada.message(words.week));
  assert.ok(width >= 600 && height >= 300, `the chart has ${width} × ${height} pixels`);
  await keep("chart-light");
  await keep("chart-dark", { dark: true });
}

/** Both tables come as files, with as many rows as their captions say. */
export async function takesTables(seats, { words }) {
  const ada = await seats.of(ADA);
  const tables = ["orders.csv", "entries.csv"].map((name) => [name, ada.files(name)]);
  const before = await Promise.all(tables.map(([, files]) => files.count()));
  await ada.write("/export 7d");
  for (const [index, [name, files]] of tables.entries()) {
    const message = files.nth(before[index]);
    await message.waitFor();
    const [suggested, text] = await ada.downloads(message);
    assert.equal(suggested, name);
    const rows = Number(words.rows.exec(await message.innerText())[1]);
    assert.ok(rows > 0, `${name} is empty`);
    assert.equal(text.trim().split("\n").length - 1, rows, text);
  }
}

/** While selling is paused customers read why and buy nothing; then they may again. */
export async function pauses(seats, { id, words }) {
  let ada = await seats.of(ADA);
  const reason = "Moving house";
  await ada.ask(`/maintenance on ${reason}`);
  await ada.hears(words.paused, reason);
  let chat = await seats.of(id);
  await chat.ask("/buy whatsapp uk");
  await chat.press(words.country);
  await chat.hears(reason);
  ada = await seats.of(ADA);
  await ada.press(words.resume);
  await ada.hears(words.dashboard);
  await ada.button(words.resume).waitFor({ state: "detached" });
  chat = await seats.of(id);
  await chat.press(words.country, chat.message("whatsapp uk"));
  await chat.hears("WhatsApp", words.country, words.price);
}

/** News is seen as customers will see it, sent once, and reaches a customer. */
export async function tellsEverybody(seats, { id, words }) {
  const ada = await seats.of(ADA);
  const news = `Peru is sold, too (${words.code})`;
  await ada.write(`/broadcast ${news}`);
  await ada.button(words.send).waitFor();
  await ada.press(words.send);
  await ada.hears(words.sent);
  const chat = await seats.of(id);
  await chat.hears(news);
}

/** Vendors, services, rules, and who did what. */
export async function looksAround(seats, { words }) {
  const ada = await seats.of(ADA);
  assert.match(await ada.ask("/rules"), new RegExp(`^${words.rules}`));
  assert.match(await ada.ask("/providers"), new RegExp(`^${words.vendors}`));
  const services = await ada.ask("/services");
  for (const service of ["Ring4", "Telegram", "Google", "WhatsApp"]) {
    assert.ok(services.includes(service), services);
  }
  const acts = await ada.ask("/audit");
  assert.match(acts, new RegExp(`^${words.acts}`));
  for (const act of ["approve_deposit", "approve_refund", "late bonus", "set_maintenance on"]) {
    assert.ok(acts.includes(act), `no ${act} in:\n${acts}`);
  }
  await ada.fits();
}
