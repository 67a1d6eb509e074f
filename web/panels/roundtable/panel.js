/** The roundtable: the policy, what it chooses, what was decided and why, and what was learnt. */

import { h } from "../../ui/dom.js";
import { saveFile } from "../../ui/save.js";
import { DecisionsView } from "./decisions.js";
import { LearntView } from "./learnt.js";
import { PolicyView } from "./policy.js";
import { COLS, KS, ROWS, SurveyView } from "./survey.js";

const DRAFT = "policy";

export async function mount(root, page) {
  const draft = await page.kept.get(DRAFT);
  const table = new RoundtableView(page, draft);
  root.classList.add("lab-columns");
  root.replaceChildren(
    h("div", { class: "lab-column" }, table.policy.element, table.survey.element),
    h("div", { class: "lab-column" }, table.decisions.element, table.learnt.element));
}

class RoundtableView {
  constructor({ store, kernel, kept }, draft) {
    this.store = store;
    this.kernel = kernel;
    this.kept = kept;
    this.draft = draft;
    this.surveyed = 0; // surveys asked for; only the latest is shown
    this.policy = new PolicyView({
      changed: (text) => this.policyChanged(text), save: (text, base) => this.save(text, base),
    });
    this.survey = new SurveyView({ kind: () => this.lookAround(), cell: (problem) => this.preview(problem) });
    this.decisions = new DecisionsView({
      download: () => this.download(), import: (text) => this.importLog(text), tryOut: (on) => this.tryOut(on),
    });
    this.learnt = new LearntView((ids) => this.undo(ids));
    kernel.on("live", ({ event }) => {
      if (event.kind === "roundtable") this.heard(event.record);
    });
    kernel.on("ready", () => this.open()); // a new worker reads the files anew
    kernel.on("run-ended", () => this.refresh());
    if (store.get("phase") !== "loading") this.open();
    addEventListener("pagehide", () => kept.noteLast(DRAFT, this.draftToKeep()));
  }

  draftToKeep() {
    return this.policy.changed ? { text: this.policy.text } : undefined;
  }

  async open() {
    const found = await this.ask("state", {});
    if (!found) return;
    this.policy.show(found.text, this.draft?.text);
    this.draft = undefined;
    this.show(found);
    this.lookAround();
  }

  /** What a script has decided or learnt meanwhile. */
  async refresh() {
    const found = await this.ask("state", {});
    if (!found) return;
    const before = this.policy.base;
    this.policy.show(found.text);
    this.show(found);
    if (found.text !== before) this.lookAround();
  }

  show({ learnt, records, measure, trouble }) {
    this.learnt.show(learnt);
    this.decisions.showAll(records);
    this.decisions.trials.checked = measure;
    if (trouble) this.say(`What the roundtable learns is not kept: ${trouble}.`);
  }

  /** A record of the transcript, told while the script runs. */
  heard(record) {
    this.decisions.add(record);
  }

  policyChanged(text) {
    this.kept.set(DRAFT, this.draftToKeep());
    this.check(text);
    this.lookAround();
  }

  async check(text) {
    const findings = await this.ask("check", { text });
    if (findings && text === this.policy.text) this.policy.mark(findings);
  }

  /** Survey all maps by the text in the editor, and by the saved one where they differ. */
  async lookAround() {
    const number = this.surveyed += 1;
    const { text, base, changed } = this.policy;
    if (this.store.get("phase") === "running") {
      this.survey.refuse("A script is running; the maps follow when it is done.");
    }
    for (const k of KS) {
      const grid = { kind: this.survey.kind.value, k, rows: ROWS, cols: COLS };
      const [found, before] = await Promise.all([
        this.ask("survey", { ...grid, text }, (problem) => this.survey.refuse(problem)),
        changed ? this.ask("survey", { ...grid, text: base }) : null,
      ]);
      if (number !== this.surveyed || !found) return;
      this.survey.show(found, before?.cells ?? null);
    }
  }

  async preview(problem) {
    const record = await this.ask("preview", { ...problem, text: this.policy.text });
    if (record) this.decisions.preview(record);
  }

  async save(text, base) {
    const found = await this.ask("save", { text, base });
    if (!found) return;
    this.policy.show(found.text, found.text);
    this.kept.set(DRAFT, undefined);
    this.show(found);
    this.lookAround();
    this.say("The policy is saved; launches from now on go by it.");
  }

  async undo(ids) {
    const found = await this.ask("undo", { ids });
    if (!found) return;
    this.policy.show(found.text);
    this.show(found);
    this.lookAround();
    this.say(`${ids.length ? "The rule is" : "The latest lesson is"} forgotten, and the trials behind it.`);
  }

  async tryOut(on) {
    const found = await this.ask("try_out", { on });
    if (found) this.show(found);
  }

  async download() {
    const found = await this.ask("log", {});
    if (found) saveFile(found.name, found.text, "text/plain");
  }

  async importLog(text) {
    const found = await this.ask("import_log", { text });
    if (!found) return;
    this.show(found);
    const { taken, refused } = found;
    const left = refused ? `; ${refused} ${refused === 1 ? "line was" : "lines were"} no record and left out` : "";
    this.say(`${taken} ${taken === 1 ? "record was" : "records were"} added to the transcript${left}.`);
  }

  /** An answer, or undefined after the problem was told. */
  async ask(topic, question, tell = (problem) => this.say(problem)) {
    try {
      return await this.kernel.ask(`roundtable.${topic}`, question);
    } catch ({ message, stopped }) {
      if (!stopped) tell(message);
      return undefined;
    }
  }

  say(text) {
    this.store.set("status", text);
  }
}
