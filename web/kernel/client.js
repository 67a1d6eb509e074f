/**
 * The page's side of the worker: starts it, queues a run until Python is there, makes Stop certain, and tells its
 * listeners what the worker says.
 */

import { Microphone } from "./microphone.js";
import { sendToWorker } from "./protocol.js";
import { Questions } from "./questions.js";

/** After this long without an answer to Stop, Python is not reaching its checkpoints. */
const ANSWER_MILLISECONDS = 60;
/**
 * Where nothing can interrupt a tight loop, the worker is replaced early enough that Stop answers within 200 ms, and
 * late enough for a script at its checkpoints (every 50 ms) to answer itself.
 */
const REPLACE_MILLISECONDS = 150;
/** A script that was told to stop and goes on (it may be cleaning up) gets this long. */
const PATIENCE_MILLISECONDS = 1500;

export class Kernel extends EventTarget {
  /** @param {{base: string, site: object, device: "auto"|"webgpu"|"cpu"}} options */
  constructor({ base, site, device }) {
    super();
    this.base = base;
    this.site = site;
    this.device = device;
    this.phase = "loading";
    this.runId = 0;
    this.deviceLost = false;
    this.checkpoint = null; // the last copy of the training's state, for the worker after a lost device
    this.queued = null;
    this.questions = new Questions();
    this.files = new Map(); // the user's, for this worker and for one that replaces it
    this.microphone = new Microphone(base, (sound) => sendToWorker(this.worker, sound));
    this.timers = [];
    this.interrupts = globalThis.crossOriginIsolated ? new SharedArrayBuffer(1) : null;
    this.startWorker();
  }

  /** Call `listener(message)` for each message of a type of protocol.js, and for "queued" and "restarted". */
  on(type, listener) {
    this.addEventListener(type, (event) => listener(event.detail));
  }

  /** Run a script; a running one is stopped first, and before Python is ready the run waits. */
  run(source, filename = "main.py", { hold = false } = {}) {
    this.queued = { source, filename, hold };
    if (this.phase === "running" || this.phase === "paused") this.stop();
    else if (!this.proceed()) this.tell("queued", { phase: this.phase });
  }

  /**
   * Ask Python something, once no script runs. A long question counts as a run: Pause and Stop reach it.
   * @param {string} topic of labs/questions.py
   * @param {object} question
   * @param {{long?: boolean, onNews?: (news: object) => void}} [options]
   * @returns {Promise<object>} the answer; rejects with NoAnswer
   */
  ask(topic, question, { long = false, onNews = () => {} } = {}) {
    const answer = this.questions.add(topic, question, { long, onNews });
    this.proceed();
    return answer;
  }

  pause() { this.control("pause"); }

  resume() { this.control("resume"); }

  step() { this.control("step"); }

  /** Stop the script: ask, then interrupt, then replace the worker. */
  stop() {
    if (this.phase !== "running" && this.phase !== "paused") return;
    this.answered = false;
    this.control("stop");
    this.after(ANSWER_MILLISECONDS, () => {
      if (!this.answered) this.interrupt();
    });
    if (!this.interrupts) {
      this.after(REPLACE_MILLISECONDS, () => {
        if (!this.answered) this.restart("Python was busy and could not be interrupted");
      });
    }
    this.after(PATIENCE_MILLISECONDS, () => this.restart("The script did not stop when asked"));
  }

  /** Forget a queued run. */
  cancelQueued() {
    this.queued = null;
  }

  /** Replace the worker. Everything in Python's memory is lost; the page's code is not. */
  restart(reason) {
    const active = this.phase !== "loading" && this.phase !== "ready" && this.phase !== "failed";
    const interrupted = active && !this.questions.current;
    this.questions.abandon("Python was restarted.");
    this.worker.terminate();
    this.microphone.listen(0);
    this.clearTimers();
    this.setPhase("restarting");
    if (interrupted) {
      this.tell("run-ended", { type: "run-ended", id: this.runId, outcome: "stopped", seconds: 0, error: null });
    }
    this.tell("restarted", { reason });
    this.startWorker();
  }

  /** Put a file of the user's where scripts open files by name. */
  giveFile(name, data) {
    this.files.set(name, data);
    sendToWorker(this.worker, { type: "file", name, data });
  }

  /** Hand a canvas over to the worker. */
  offerCanvas(name, canvas) {
    const offscreen = canvas.transferControlToOffscreen();
    sendToWorker(this.worker, { type: "canvas", name, canvas: offscreen }, [offscreen]);
  }

  startWorker() {
    this.worker = new Worker(new URL("kernel/worker.js", this.base), { type: "module" });
    this.worker.onmessage = ({ data }) => this.receive(data);
    this.worker.onerror = (event) => this.workerFailed(event.message || "The worker could not be started.");
    const { base, site, device, interrupts } = this;
    const checkpoint = this.deviceLost ? this.checkpoint : null;
    this.deviceLost = false;
    this.checkpoint = null;
    sendToWorker(this.worker, { type: "boot", base, site, device, interrupts, checkpoint });
    for (const [name, data] of this.files) sendToWorker(this.worker, { type: "file", name, data });
  }

  /** Something uncaught in the worker: fatal while it starts, told in the console later. */
  workerFailed(message) {
    if (this.phase === "loading" || this.phase === "restarting") {
      this.receive({ type: "boot-failed", message, help: "Reload the page." });
    } else {
      this.receive({ type: "output", chunks: [{ level: "error", text: `${message}\n` }], dropped: 0 });
    }
  }

  receive(message) {
    if (message.type === "ready") this.setPhase("ready");
    if (message.type === "boot-failed") this.setPhase("failed");
    if (message.type === "device-lost") this.deviceLost = true;
    if (message.type === "device-replaced") this.deviceLost = false;
    if (message.type === "checkpoint") this.checkpoint = message.data;
    if (message.type === "crashed") {
      this.restart(`Python itself failed (${message.reason.split("\n")[0]})`);
      return;
    }
    if (message.type === "phase") this.follow(message.phase);
    if (message.type === "listen") this.microphone.listen(message.rate);
    if (message.type === "news") this.questions.news(message);
    if (message.type === "answer") this.questions.settle(message);
    if (message.type === "run-ended" || message.type === "answer") {
      this.clearTimers();
      this.microphone.listen(0);
      this.setPhase("ready");
    }
    this.tell(message.type, message);
    this.proceed();
  }

  /** Start what waits, a script before a question. @returns {boolean} whether nothing had to wait */
  proceed() {
    if (this.phase !== "ready" || this.questions.current) return false;
    if (this.queued) this.startQueued();
    else this.startQuestion();
    return true;
  }

  startQuestion() {
    const asked = this.questions.take();
    if (!asked) return;
    const { id, topic, question, long } = asked;
    if (this.interrupts) new Uint8Array(this.interrupts)[0] = 0;
    if (long) this.setPhase("running");
    sendToWorker(this.worker, { type: "ask", id, topic, question });
  }

  follow(phase) {
    if (phase === "stopping") this.answered = true;
    this.setPhase(phase);
  }

  startQueued() {
    const { source, filename, hold } = this.queued;
    this.queued = null;
    this.runId += 1;
    if (this.interrupts) new Uint8Array(this.interrupts)[0] = 0;
    this.setPhase("running");
    sendToWorker(this.worker, { type: "run", id: this.runId, source, filename, hold });
  }

  control(verb) {
    sendToWorker(this.worker, { type: "control", verb });
  }

  /** Raise KeyboardInterrupt in Python at its next instruction. */
  interrupt() {
    if (this.interrupts) new Uint8Array(this.interrupts)[0] = 2;
  }

  after(milliseconds, action) {
    this.timers.push(setTimeout(action, milliseconds));
  }

  clearTimers() {
    this.timers.forEach(clearTimeout);
    this.timers = [];
  }

  setPhase(phase) {
    if (this.phase === phase) return;
    this.phase = phase;
    this.tell("phase-changed", phase);
  }

  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
