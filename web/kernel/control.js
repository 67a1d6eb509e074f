/**
 * What the user asked of the running script: go on, pause, take one step, stop.
 *
 * Python meets this object at its checkpoints (every 50 ms, see `PageHost` in bridge.py): it suspends on `breathe()`,
 * the browser's event loop runs, messages arrive, and the promise answers with a verdict.
 */

/** @typedef {"on"|"go"|"step"|"stop"} Verdict  nothing new, resume, one step, stop */

export class Control {
  /** @param {(phase: "running"|"paused"|"stopping") => void} onPhase told about each change of phase */
  constructor(onPhase) {
    this.onPhase = onPhase;
    this.verdict = "on";
    this.moreSteps = 0; // Step was pressed so often again before Python took the verdict
    this.paused = false;
    this.running = false;
    this.wake = () => {};
  }

  /** A run starts. */
  begin() {
    this.running = true;
    this.paused = false;
    this.verdict = "on";
    this.moreSteps = 0;
  }

  /** The run is over; later verbs are ignored until the next one. */
  end() {
    this.running = false;
    this.paused = false;
  }

  /** Apply a verb of the protocol. */
  apply(verb) {
    if (!this.running) return;
    if (verb === "pause") this.paused = true;
    if (verb === "resume") this.release("go");
    if (verb === "step") this.release("step");
    if (verb === "stop") {
      this.onPhase("stopping");
      this.release("stop");
    }
  }

  /** Give the event loop a turn, wait while paused, then say how to go on. @returns {Promise<Verdict>} */
  async breathe() {
    await eventLoopTurn();
    return this.paused ? this.waitForRelease() : this.takeVerdict();
  }

  /** Pause here: one step was asked for and has been taken. @returns {Promise<Verdict>} */
  async hold() {
    if (this.verdict !== "on") return this.takeVerdict(); // Stop, or Step pressed again during the step
    this.paused = true;
    return this.waitForRelease();
  }

  /** Wait `milliseconds`, or until Stop. @returns {Promise<Verdict>} */
  async sleep(milliseconds) {
    await new Promise((resolve) => {
      this.wake = resolve;
      setTimeout(resolve, milliseconds);
    });
    return this.paused ? this.waitForRelease() : this.takeVerdict();
  }

  release(verdict) {
    const wasPaused = this.paused;
    this.paused = false;
    this.moreSteps = verdict === "step" && this.verdict === "step" ? this.moreSteps + 1 : 0;
    this.verdict = verdict;
    this.wake();
    if (wasPaused && verdict !== "stop") this.onPhase("running");
  }

  async waitForRelease() {
    this.onPhase("paused");
    await new Promise((resolve) => { this.wake = resolve; });
    return this.takeVerdict();
  }

  /** A verdict is given once; "stop" stays, so that a script that swallows the interrupt meets it again. */
  takeVerdict() {
    const verdict = this.verdict;
    if (this.moreSteps > 0) this.moreSteps -= 1;
    else if (verdict !== "stop") this.verdict = "on";
    return verdict;
  }
}

const channel = new MessageChannel();
channel.port1.onmessage = () => resumeTurn();
let resumeTurn = () => {};

/** Resolve in a later task. A message rather than a timer: nested timers are clamped to 4 ms. */
function eventLoopTurn() {
  return new Promise((resolve) => {
    resumeTurn = resolve;
    channel.port2.postMessage(null);
  });
}
