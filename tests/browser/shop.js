// The shop under test: the real binary, started and stopped as a newcomer would. Knows nothing
// of the page.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const BINARY = path.resolve(PROJECT, process.env.RING4_BIN ?? "target/debug/ring4");
const START_SECS = 60;
const STOP_SECS = 10;
const LOG_LINES = 40;

/** The demos that run. They are in groups of their own, so nobody else's Ctrl-C reaches them. */
const running = new Set();
process.on("exit", () => running.forEach((shop) => shop.kill()));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

/** A folder for everything a scene leaves on disk. */
export class Scratch {
  static async make() {
    return new Scratch(await mkdtemp(path.join(tmpdir(), "ring4-browser-")));
  }

  constructor(folder) {
    this.folder = folder;
    this.data = path.join(folder, "data");
    // What the demo makes for itself lands here, where a forgotten folder is noticed.
    this.temporary = path.join(folder, "tmp");
  }

  /**
   * The shipped settings but for `mock`, the mock vendor's own; `stars`, which are taken when it
   * is true; and `group`, the id of the admins' group. Returns the copy's path.
   */
  async config({ mock = {}, stars = false, group = null }) {
    const shipped = await readFile(path.join(PROJECT, "config.yaml"), "utf8");
    const change = (text, place, made) => {
      assert.match(text, place, "config.yaml has something else where this was");
      return text.replace(place, made);
    };
    const lines = Object.entries(mock).map(([key, value]) => `      ${key}: ${value}\n`);
    let changed = change(shipped, /\n  mock:\n    enabled: false\n/,
      (found) => `${found}    settings:\n${lines.join("")}`);
    if (stars) {
      changed = change(changed, /\n  stars:\n(?: +#.*\n)* +enabled: false\n/,
        (found) => found.replace("enabled: false", "enabled: true"));
    }
    if (group !== null) {
      changed = change(changed, /\n  admin_group: null\n/, `\n  admin_group: ${group}\n`);
    }
    const config = path.join(this.folder, "config.yaml");
    await writeFile(config, changed);
    await cp(path.join(PROJECT, "scripts"), path.join(this.folder, "scripts"), { recursive: true });
    return config;
  }

  async remove() {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A running `ring4 demo`. */
export class Shop {
  /** Starts it and reads the page's address, which is the first line it prints. */
  static async start(scratch, options = []) {
    await access(BINARY);
    await mkdir(scratch.temporary, { recursive: true });
    const child = spawn(BINARY, ["demo", "--listen", "127.0.0.1:0", ...options], {
      cwd: PROJECT,
      // A group of its own, so that whatever it leaves behind can be found.
      detached: true,
      env: { ...process.env, TMPDIR: scratch.temporary },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const shop = new Shop(child, scratch);
    try {
      const lines = createInterface({ input: child.stdout });
      const [line] = await Promise.race([once(lines, "line"), shop.gone(), late(START_SECS)]);
      lines.resume();
      assert.match(line, /^http:\/\/127\.0\.0\.1:\d+\/$/, "the first line is not an address");
      shop.address = line;
      return shop;
    } catch (error) {
      shop.kill();
      throw new Error(`the demo did not start: ${error.message}\n${shop.log()}`);
    }
  }

  constructor(child, scratch) {
    this.child = child;
    this.scratch = scratch;
    this.lines = [];
    this.exit = once(child, "exit");
    this.exit.then(() => running.delete(this), () => running.delete(this));
    running.add(this);
    createInterface({ input: child.stderr }).on("line", (line) => {
      this.lines.push(line);
      if (this.lines.length > LOG_LINES) this.lines.shift();
    });
  }

  /** The last lines of its log. */
  log() {
    return this.lines.join("\n");
  }

  async gone() {
    const [code, signal] = await this.exit;
    throw new Error(`it ended with ${signal ?? `code ${code}`}`);
  }

  /** Ends it as a service manager does, and looks for what should not remain. */
  async stop() {
    const started = performance.now();
    this.child.kill("SIGTERM");
    const [code, signal] = await Promise.race([this.exit, late(STOP_SECS)]);
    const took = (performance.now() - started) / 1000;
    assert.equal(signal, null, `it died of ${signal}`);
    assert.equal(code, 0, `it ended with code ${code} after ${took} s\n${this.log()}`);
    assert.throws(() => process.kill(-this.child.pid, 0), { code: "ESRCH" }, "a process remains");
    assert.equal(await listens(this.address), false, `${this.address} still answers`);
    assert.deepEqual(await readdir(this.scratch.temporary), [], "temporary files remain");
  }

  /** Ends it at once, whatever it does; for scenes that failed. */
  kill() {
    try {
      process.kill(-this.child.pid, "SIGKILL");
    } catch {
      // It is gone already.
    }
  }
}

function late(secs) {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`nothing for ${secs} s`)), secs * 1000).unref();
  });
}

function listens(address) {
  const { hostname, port } = new URL(address);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on("connect", () => { socket.destroy(); resolve(true); });
    socket.on("error", () => resolve(false));
  });
}
