// The chat page in a browser tab, as a person uses it: what is read here was drawn, what is done
// here was clicked or typed. It never calls the playground's JSON API and never reloads.

import assert from "node:assert/strict";

const PATIENCE_MS = 15_000;

export const ANNA = 1001;
export const BORIS = 1002;
export const ADA = 9001;

/** The playground's group: who sits there is an admin among others. */
export const GROUP = "group";
export const GROUP_ID = -1_001_000_000_001;

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
    const seat = page.locator(`[data-testid=person-${person}][aria-current=true]`);
    await seat.waitFor().catch((error) => {
      throw new Error([error.message, ...chat.complaints].join("\n"));
    });
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

  /** Chooses the language of the person's app. */
  async speak(language) {
    await this.withPanel((page) => page.getByTestId("language").selectOption(language));
    await this.page.locator(`main[lang=${language}]`).waitFor({ state: "attached" });
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
    // Neither what it quotes nor its buttons say what a message is.
    for (const word of words) {
      found = found.filter({ has: this.page.locator(".text", { hasText: word }) });
    }
    return found.last();
  }

  /** Waits for such a message and returns its text. */
  async hears(...words) {
    const message = this.message(...words);
    await message.waitFor({ state: "visible" });
    return message.locator(".text").innerText();
  }

  /** Waits for such a message among those after this one and returns its text. */
  async hearsAfter(newest, ...words) {
    const heard = await this.page.waitForFunction(([after, wanted]) => {
      const messages = [...document.querySelectorAll("[data-testid=message][data-from=bot]")];
      const texts = messages.filter((message) => Number(message.dataset.messageId) > after)
        .map((message) => message.querySelector(".text")?.innerText ?? "");
      return texts.find((text) => wanted.every((words) => text.includes(words)));
    }, [newest, words]);
    return heard.jsonValue();
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

  /** Opens the menu of commands, or closes it. */
  async turnMenu() {
    await this.page.getByTestId("menu").click();
  }

  /** The commands that the menu offers, each with what it says of itself. */
  async menu() {
    await this.turnMenu();
    const rows = this.page.getByTestId("commands").locator(".command");
    await rows.first().waitFor();
    const names = await rows.locator("b").allInnerTexts();
    const descriptions = await rows.locator("span").allInnerTexts();
    await this.turnMenu();
    return new Map(names.map((name, index) => [name, descriptions[index]]));
  }

  /** The commands that the menu offers. */
  async commands() {
    return [...(await this.menu()).keys()];
  }

  /** Types behind the bot's name and returns the rows that come up. */
  async inline(words) {
    const input = this.page.getByTestId("input");
    await input.fill("");
    await input.pressSequentially(`@ring4_playground_bot ${words}`);
    const rows = this.page.getByTestId("commands").locator(".inline-result");
    await rows.filter({ hasText: "$" }).first().waitFor();
    return rows;
  }

  /** Sends a picture or a file. */
  async attach(name, mimeType, buffer) {
    await this.page.getByTestId("file").setInputFiles({ name, mimeType, buffer });
  }

  /** Opens the newest photo large, looks at its size, and closes it again. */
  async opensPhoto(message = this.message()) {
    const photo = message.locator(".photo");
    await photo.waitFor();
    await photo.click();
    const large = this.page.locator("#viewer-image");
    await large.waitFor({ state: "visible" });
    const size = await large.evaluate(async (image) => {
      await image.decode();
      return [image.naturalWidth, image.naturalHeight];
    });
    await large.click();
    await large.waitFor({ state: "hidden" });
    return size;
  }

  /** The messages that carry a file of this name. */
  files(name) {
    const file = this.page.locator(".file", { hasText: name });
    return this.page.getByTestId("message").filter({ has: file });
  }

  /** Downloads the document of a message: its name and text. */
  async downloads(message) {
    const file = message.locator(".file");
    const [download] = await Promise.all([this.page.waitForEvent("download"), file.click()]);
    const chunks = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk);
    return [download.suggestedFilename(), Buffer.concat(chunks).toString("utf8")];
  }

  /** Nothing sticks out to the side, and the send button is on the screen. */
  async fits() {
    const found = await this.page.evaluate(() => {
      const wide = [...document.querySelectorAll("body, .app, .messages, .bubble, .key")];
      const sticking = wide.filter((element) => element.scrollWidth > element.clientWidth + 1);
      const send = document.getElementById("send").getBoundingClientRect();
      const isReachable = send.right <= innerWidth && send.bottom <= innerHeight;
      return [sticking.map((element) => `${element.className}: ${element.innerText}`), isReachable];
    });
    assert.deepEqual(found, [[], true], "what sticks out, and whether one can send");
  }

  /** Presses a button that copies, and returns what is in the clipboard then. */
  async copies(words, message) {
    await this.page.evaluate(() => navigator.clipboard.writeText(""));
    await this.press(words, message);
    const copied = await this.page.waitForFunction(() => navigator.clipboard.readText());
    await this.notices(/^(Copied to the clipboard|Copiado al portapapeles|Скопировано)$/);
    return copied.jsonValue();
  }

  /** Leaves a picture of the page, on light or on dark ground, without passing notices. */
  async keep(file, { dark }) {
    await this.page.getByTestId("toast").waitFor({ state: "hidden" });
    await this.page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
    await this.page.mouse.move(0, 0);
    // The wall's shades would be half of the file.
    const paint = (colour) => this.page.locator(".wall").evaluate(
      (wall, background) => { wall.style.background = background; }, colour);
    await paint(dark ? "#101b26" : "#d5e4e6");
    await this.page.screenshot({ path: file });
    await paint("");
    await this.page.emulateMedia({ colorScheme: "light" });
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
