/** The Rank-K lab: a problem, its plan, what the launch selects, how long others take, and tuning. */

import { h } from "../../ui/dom.js";
import { count } from "../../ui/format.js";
import { SETTINGS } from "../../state.js";
import { ProblemForm } from "./form.js";
import { PictureView } from "./picture.js";
import { PlanView } from "./plan.js";
import { readProblem, sizesOf, writeProblem } from "./problem.js";
import { TuningView } from "./tuning.js";
import { VariantsView } from "./variants.js";

/** Launches that Measure times beside the plan's. */
const MEASURED = 8;

export function mount(root, page) {
  const lab = new Lab(page);
  root.classList.add("lab-columns");
  root.replaceChildren(
    h("div", { class: "lab-column" }, lab.card(), lab.plan.element),
    h("div", { class: "lab-column" }, lab.picture.element, lab.variants.element, lab.tuning.element));
}

class Lab {
  constructor({ store, kernel, actions }) {
    this.store = store;
    this.kernel = kernel;
    this.actions = actions;
    this.asked = 0; // plans asked for; only the latest is shown
    this.form = new ProblemForm(this.problem, (problem) => actions.set("problem", writeProblem(problem)));
    this.plan = new PlanView();
    this.picture = new PictureView(() => this.run());
    this.variants = new VariantsView();
    this.tuning = new TuningView((request) => this.tune(request), () => kernel.stop());
    this.device = h("p", { class: "quiet" });
    store.watch("problem", () => this.problemChanged());
    kernel.on("ready", () => this.askPlan()); // a new worker, maybe with another device
    if (store.get("phase") !== "loading") this.askPlan();
  }

  /** What the address asks for. */
  get problem() {
    return readProblem(this.store.get("problem")) ?? readProblem(SETTINGS.problem.initial);
  }

  card() {
    const button = (label, onclick, kind) => h("button", { type: "button", class: `button ${kind}`, onclick }, label);
    const run = button("Run", () => this.run(), "primary");
    const measure = button("Measure launches", () => this.measure(), "framed");
    const stop = button("Stop", () => this.kernel.stop(), "framed");
    const update = () => {
      const phase = this.store.get("phase");
      const active = ["running", "paused", "stopping"].includes(phase);
      for (const control of [run, measure, this.tuning.start]) control.disabled = active || phase === "failed";
      stop.disabled = phase !== "running" && phase !== "paused";
    };
    this.store.watch("phase", update, { now: true });
    return h("section", { class: "sheet", "aria-label": "Problem" }, h("h2", {}, "Problem"), this.form.element,
      h("div", { class: "sheet-actions" }, run, measure, stop), this.device);
  }

  problemChanged() {
    this.form.show(this.problem);
    this.variants.clear();
    this.askPlan();
  }

  async askPlan() {
    const number = this.asked += 1;
    this.plan.wait(["running", "paused"].includes(this.store.get("phase"))
      ? "A script is running; the plan follows when it is done." : "Planning …");
    const [plan, about] = await Promise.all([this.ask("plan", sizesOf(this.problem)), this.ask("about", {})]);
    if (number !== this.asked) return;
    if (plan.problem) this.plan.refuse(plan.problem);
    else this.plan.show(plan.answer);
    if (about.answer) this.showDevice(about.answer);
  }

  showDevice({ adapter, device_class: name, table }) {
    const note = table.note ? ` (${table.note})` : "";
    this.adapter = adapter;
    this.device.textContent = `Plans are for ${adapter} (${name}), by the table “${table.source}” of `
      + `${count(table.records)} records${note}.`;
  }

  async run() {
    const problem = this.problem;
    const row = Math.min(Number(this.picture.row.value), problem.rows - 1);
    this.picture.row.max = problem.rows - 1;
    this.picture.row.value = row;
    this.say("Running.");
    const found = await this.ask("picture", { ...problem, row }, { long: true });
    if (found.answer) this.picture.show(found.answer, problem, this.adapter);
    else this.picture.caption.textContent = found.problem;
    this.say(found.answer ? this.picture.caption.textContent : found.problem);
  }

  async measure() {
    const onNews = ({ choices, timed }) =>
      this.variants.show(timed, `${timed.length} of ${choices} launches are timed.`);
    const found = await this.ask("measure", { ...this.problem, count: MEASURED }, { long: true, onNews });
    if (found.answer) {
      const { timed, adapter, all } = found.answer;
      this.variants.show(timed, `Measured on ${adapter}, median of rounds on ${this.problem.distribution} entries; `
        + `${timed.length} of ${all} launches, each exact. The mark is the predicted time.`);
    } else {
      this.variants.caption.textContent = found.problem;
    }
    this.say(found.answer ? "The launches are measured." : found.problem);
  }

  async tune(request) {
    this.tuning.begin();
    const onNews = (news) => this.tuning.tell(news);
    const found = await this.ask("tune", request, { long: true, onNews });
    if (found.answer) this.tuning.finish(found.answer);
    else this.tuning.end(found.stopped ? "Stopped. What was measured is kept; another run goes on." : found.problem);
    this.say(this.tuning.text.textContent);
    this.askPlan();
  }

  /** @returns {Promise<{answer?: object, problem?: string, stopped?: boolean}>} */
  async ask(topic, question, options) {
    try {
      return { answer: await this.kernel.ask(`rankk.${topic}`, question, options) };
    } catch ({ message, stopped }) {
      return { problem: message, stopped };
    }
  }

  say(text) {
    this.store.set("status", text);
  }
}
