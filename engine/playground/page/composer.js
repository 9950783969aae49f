// The message box: text, command menu, the bot's own keyboard, START and UNBLOCK.

const get = (id) => document.getElementById(id);

export class Composer {
  /** `actions`: say(text), sendFile(file), inline(query), chooseInline(resultId). */
  constructor(actions) {
    this.actions = actions;
    this.input = get("input");
    this.commands = [];
    this.matches = [];
    this.selected = 0;
    this.drafts = new Map();
    this.isMenuAsked = false;
    this.isKeyboardHidden = false;
    this.keyboard = "null";
    this.inlineQuery = null;
    this.inlineRows = [];
    this.isAsking = false;
    this.input.addEventListener("input", () => {
      this.isMenuAsked = false;
      this.update();
      this.askInline();
    });
    this.input.addEventListener("keydown", (event) => this.key(event));
    get("send").addEventListener("click", () => this.send());
    get("attach").addEventListener("click", () => get("file").click());
    get("file").addEventListener("change", () => {
      const [file] = get("file").files;
      get("file").value = "";
      if (file) this.actions.sendFile(file);
    });
    get("menu").addEventListener("click", () => {
      this.isMenuAsked = !this.isMenuAsked;
      this.update();
      this.input.focus();
    });
    get("keys").addEventListener("click", () => {
      this.isKeyboardHidden = !this.isKeyboardHidden;
      get("reply-keyboard").hidden = this.isKeyboardHidden;
    });
    document.addEventListener("pointerdown", (event) => {
      if (!this.isMenuAsked || event.target.closest("#commands, #menu, #input")) return;
      this.isMenuAsked = false;
      this.update();
    });
  }

  keepDraft(person) {
    if (person !== null) this.drafts.set(person, this.input.value);
  }

  openFor(person) {
    this.input.value = this.drafts.get(person) ?? "";
    this.isMenuAsked = false;
    this.commands = [];
    this.showKeyboard(null);
    this.closeInline();
    // On a touch screen the letters would cover the chat.
    if (window.matchMedia("(hover: hover)").matches) this.input.focus();
  }

  /** Follows the chat: its commands, keyboard, and whether one can write at all. */
  show(chat, words, isGroup) {
    const isEmpty = chat.messages.length === 0 && !isGroup;
    const isBlocked = chat.person.blocks_bot && !isGroup;
    this.words = words;
    this.input.placeholder = words.message;
    get("menu").lastElementChild.textContent = words.menu;
    get("start").textContent = words.start;
    get("unblock").textContent = words.unblock;
    // The playground takes pictures and files in private chats only.
    get("attach").hidden = isGroup;
    get("unblock").hidden = !isBlocked;
    get("start").hidden = isBlocked || !isEmpty;
    get("composer").hidden = isBlocked || isEmpty;
    if (isBlocked || isEmpty) this.isMenuAsked = false;
    this.commands = chat.commands;
    this.showKeyboard(isBlocked || isEmpty ? null : chat.reply_keyboard);
    this.update();
  }

  showKeyboard(rows) {
    const signature = JSON.stringify(rows);
    if (signature === this.keyboard) return;
    this.keyboard = signature;
    this.isKeyboardHidden = false;
    const lines = (rows ?? []).map((row) => {
      const line = document.createElement("div");
      line.className = "key-row";
      line.append(...row.map((label) => {
        const key = document.createElement("button");
        key.type = "button";
        key.className = "key";
        key.dataset.testid = "reply-key";
        key.textContent = label;
        key.addEventListener("click", () => this.actions.say(label));
        return key;
      }));
      return line;
    });
    get("reply-keyboard").replaceChildren(...lines);
    get("reply-keyboard").hidden = lines.length === 0;
    get("keys").hidden = lines.length === 0;
  }

  update() {
    const text = this.input.value;
    get("send").disabled = text.trim() === "";
    get("menu").hidden = this.commands.length === 0;
    const typed = /^\/(\w*)$/.exec(text);
    const wanted = typed ? typed[1].toLowerCase() : "";
    this.matches = typed || this.isMenuAsked
      ? this.commands.filter((command) => command.command.startsWith(wanted))
      : [];
    this.selected = Math.min(this.selected, Math.max(this.matches.length - 1, 0));
    const list = get("commands");
    list.hidden = this.matches.length === 0 && this.inlineRows.length === 0;
    const rows = this.inlineRows;
    list.replaceChildren(
      ...this.matches.map((command, index) => this.command(command, index)), ...rows,
    );
  }

  /** `@bot words`: what the bot offers for them, as in any chat. */
  async askInline() {
    const typed = /^@\w+\s(.*)$/.exec(this.input.value);
    const query = typed ? typed[1].trim() : null;
    if (query === this.inlineQuery) return;
    this.inlineQuery = query;
    // One question at a time: of two on their way the older could come last, and be the one that
    // the bot is remembered to have answered. What is typed meanwhile is asked next.
    if (this.isAsking) return;
    this.isAsking = true;
    try {
      let asked;
      do {
        asked = this.inlineQuery;
        this.inlineRows = asked === null ? [] : this.inlineAnswer(await this.actions.inline(asked));
      } while (asked !== this.inlineQuery);
    } finally {
      this.isAsking = false;
    }
    this.update();
  }

  /** Rows of an answer: its button into the private chat, then what was found. */
  inlineAnswer({ results, button }) {
    const rows = results.map((result) => this.inlineResult(result));
    if (button?.start_parameter) {
      const act = () => this.actions.say(`/start ${button.start_parameter}`);
      rows.unshift(this.inlineRow("inline-button", button.text, "", act));
    }
    if (rows.length > 0) return rows;
    const nothing = document.createElement("p");
    nothing.textContent = this.words.nothing;
    return [nothing];
  }

  inlineResult(result) {
    const choose = () => this.actions.chooseInline(result.id);
    return this.inlineRow(`inline-${result.id}`, result.title, result.description, choose);
  }

  inlineRow(name, title, description, act) {
    const row = document.createElement("button");
    row.type = "button";
    row.className = "inline-result";
    row.dataset.testid = name;
    row.setAttribute("role", "option");
    const lines = [["b", title], ["span", description]].filter(([, text]) => text);
    row.append(...lines.map(([tag, text]) => {
      const line = document.createElement(tag);
      line.textContent = text;
      return line;
    }));
    row.addEventListener("click", () => {
      this.input.value = "";
      this.closeInline();
      act();
    });
    return row;
  }

  closeInline() {
    this.inlineQuery = null;
    this.inlineRows = [];
    this.update();
  }

  command(command, index) {
    const row = document.createElement("button");
    row.type = "button";
    row.className = "command";
    row.dataset.testid = `command-${command.command}`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(index === this.selected));
    const name = document.createElement("b");
    name.textContent = `/${command.command}`;
    const words = document.createElement("span");
    words.textContent = command.description;
    row.append(name, words);
    row.addEventListener("click", () => this.pick(command));
    return row;
  }

  pick(command) {
    this.isMenuAsked = false;
    this.input.value = "";
    this.update();
    this.actions.say(`/${command.command}`);
  }

  key(event) {
    if (event.isComposing) return;
    const isOpen = this.matches.length > 0;
    if (isOpen && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const step = event.key === "ArrowDown" ? 1 : this.matches.length - 1;
      this.selected = (this.selected + step) % this.matches.length;
      this.update();
      get("commands").children[this.selected]?.scrollIntoView({ block: "nearest" });
      event.preventDefault();
    } else if (isOpen && event.key === "Tab") {
      this.input.value = `/${this.matches[this.selected].command} `;
      this.isMenuAsked = false;
      this.update();
      event.preventDefault();
    } else if (event.key === "Escape" && this.inlineRows.length > 0) {
      this.closeInline();
    } else if (isOpen && event.key === "Escape") {
      this.isMenuAsked = false;
      this.matches = [];
      get("commands").hidden = true;
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (isOpen) this.pick(this.matches[this.selected]);
      else this.send();
    }
  }

  send() {
    const text = this.input.value.trim();
    if (text === "") return;
    this.input.value = "";
    this.isMenuAsked = false;
    this.closeInline();
    this.actions.say(text);
  }
}
