// The chat page in a browser tab, as a person uses it: what is read here was drawn, what is done
// here was clicked or typed. It never calls the playground's JSON API and never reloads.

import assert from "node:assert/strict";

const PATIENCE_MS = 15_000;

export const ANNA = 1001;
export const ADA = 9001;

export class Chat {
  /** Opens the page as this person, in a tab of its own. */
  static async open(context, address, person) {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const chat = new Chat(page);
    page.on("pageerror", (error) => chat.complaints.push(String(error)));
    page.on("console", (line) => {
      if (line.type() === "error") chat.complaints.push(line.text());
    });
    page.on("load", () => { chat.loads += 1; });
    await page.goto(`${address}#${person}`);
    await page.locator(`[data-testid=person-${person}][aria-current=true]`).waitFor();
    return chat;
  }

  constructor(page) {
    this.page = page;
    this.complaints = [];
    this.loads = 0;
  }

  /** Picks a person in the list. */
  async become(person) {
    const row = this.page.getByTestId(`person-${person}`);
    await row.click();
    await this.page.locator(`[data-testid=person-${person}][aria-current=true]`).waitFor();
  }

  /** How many messages the list says a person has not seen. */
  async unread(person) {
    const badge = this.page.getByTestId(`person-${person}`).locator(".badge");
    await badge.waitFor({ state: "visible" });
    return Number(await badge.innerText());
  }

  /** Begins a chat that has no messages yet. */
  async begin() {
    await this.page.getByTestId("start").click();
  }

  /** Types a text into the message box and sends it. */
  async write(text) {
    const input = this.page.getByTestId("input");
    await input.click();
    await input.pressSequentially(text);
    await this.page.getByTestId("send").click();
  }

  /** A button of the bot's newest message, or of the one that is given. */
  button(words, message = this.message()) {
    return message.getByTestId("button").filter({ hasText: words });
  }

  async press(words, message) {
    await this.button(words, message).click();
  }

  /** Two presses in the same moment: the second comes before the page can know of the first. */
  async pressTwice(words, message) {
    await this.button(words, message).dblclick();
  }

  /** The newest message of the bot with all these words. */
  message(...words) {
    let found = this.page.locator("[data-testid=message][data-from=bot]");
    for (const word of words) found = found.filter({ hasText: word });
    return found.last();
  }

  /** Waits for such a message and returns its text. */
  async hears(...words) {
    const message = this.message(...words);
    await message.waitFor({ state: "visible" });
    return message.locator(".text").innerText();
  }

  /** The number of the newest message there is; the next ones are above it. */
  async newest() {
    return Number(await this.page.getByTestId("message").last().getAttribute("data-message-id"));
  }

  /** Waits for the bot's first message after this one and returns its text. */
  async answerAfter(newest) {
    const answered = await this.page.waitForFunction((after) => {
      const messages = [...document.querySelectorAll("[data-testid=message][data-from=bot]")];
      const answer = messages.find((message) => Number(message.dataset.messageId) > after);
      return answer?.querySelector(".text")?.textContent;
    }, newest);
    return answered.jsonValue();
  }

  /** Writes a text and returns the bot's answer to it. */
  async ask(text) {
    const newest = await this.newest();
    await this.write(text);
    return this.answerAfter(newest);
  }

  /** Waits for these words over the chat or in it: a notice may be either. */
  async notices(words) {
    await this.page.locator(".wall").getByText(words).last().waitFor();
  }

  /** Acts with the panel of controls open, which floats over the chat on a phone. */
  async withPanel(act) {
    const toggle = this.page.getByTestId("panel-toggle");
    const floats = await toggle.getAttribute("aria-expanded") === "false";
    if (floats) await toggle.click();
    await act(this.page);
    if (floats) await this.page.locator("#panel-close").click();
  }

  /** Turns the playground's clock by a minute or by ten. */
  async advance(secs) {
    await this.withPanel((page) => page.getByTestId(`advance-${secs}`).click());
  }

  /** Sets the playground's speed, in played seconds per second. */
  async speed(factor) {
    await this.withPanel((page) => page.getByTestId("speed").selectOption(String(factor)));
  }

  /** Makes something go wrong, by the words in the panel's list. */
  async addFault(words) {
    await this.withPanel(async (page) => {
      await page.getByTestId("fault-kind").selectOption({ label: words });
      await page.getByTestId("fault-add").click();
      await page.locator("#faults li").first().waitFor();
    });
  }

  /** The commands that the menu offers. */
  async commands() {
    await this.page.getByTestId("menu").click();
    const rows = this.page.getByTestId("commands").locator(".command b");
    await rows.first().waitFor();
    const names = await rows.allInnerTexts();
    await this.page.getByTestId("menu").click();
    return names;
  }

  /** Presses a button that copies, and returns what is in the clipboard then. */
  async copies(words, message) {
    await this.page.evaluate(() => navigator.clipboard.writeText(""));
    await this.press(words, message);
    const copied = await this.page.waitForFunction(() => navigator.clipboard.readText());
    await this.notices("Copied to the clipboard");
    return copied.jsonValue();
  }

  /** All that is to be read, for the report of a failure. */
  async transcript() {
    const lines = await this.page.getByTestId("message").allInnerTexts();
    return [...lines.slice(-6), ...this.complaints].join("\n---\n");
  }

  /** The page was loaded once, nothing in it failed. */
  async close() {
    assert.equal(this.loads, 1, "the page was loaded again");
    assert.deepEqual(this.complaints, [], "the page complained");
    await this.page.close();
  }
}
