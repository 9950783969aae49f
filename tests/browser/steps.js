// Counts what was tried: one line per step, one closing line for whoever reads the log.

export class Steps {
  constructor() {
    this.passed = 0;
    this.failed = 0;
  }

  /**
   * Runs one step and says how it went. A step that fails ends its scene, because the next ones
   * stand on it; `evidence` is asked what there is to see of the failure.
   */
  async step(name, act, evidence = async () => "") {
    const started = performance.now();
    const took = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
    try {
      const found = await act();
      this.passed += 1;
      console.log(`ok      ${name} (${took()})`);
      return found;
    } catch (error) {
      this.failed += 1;
      console.log(`FAILED  ${name} (${took()})`);
      console.log(indent(error.stack ?? String(error)));
      console.log(indent(await evidence().catch((reason) => `no evidence: ${reason}`)));
      throw new SceneEnded(name);
    }
  }

  close() {
    console.log(`${this.passed} passed, ${this.failed} failed`);
  }
}

/** Thrown by a step that failed, after it was reported. */
export class SceneEnded extends Error {}

function indent(text) {
  return text.split("\n").map((line) => `        ${line}`).join("\n");
}
