/** The transcript as it is written: decisions with their scores, trials, lessons; the newest first. */

import { h, icon, menu } from "../../ui/dom.js";
import { launchTime } from "../../ui/format.js";
import { problemWords, ruleWords, sidesOf } from "./choices.js";
import { voicesOf } from "./voices.js";

const SHOWN = 100;
const NOTHING = "Nothing is decided yet. A script that selects the largest entries of a matrix, the Rank-K lab, or a "
  + "cell of the maps asks the roundtable.";
const TITLES = ["when", "problem", "A", "B", "C", "wins"];

export class DecisionsView {
  /** @param {{download: () => void, import: (text: string) => void, tryOut: (on: boolean) => void}} on */
  constructor(on) {
    this.on = on;
    this.records = [];
    this.following = true; // the newest decision is the one that is looked into
    this.rows = h("tbody");
    this.detail = h("div", { class: "decision-detail" });
    this.empty = h("p", { class: "quiet" }, "The decisions appear when Python is ready.");
    this.table = h("table", { class: "transcript", hidden: true },
      h("thead", {}, h("tr", {}, ...TITLES.map((title) => h("th", { scope: "col" }, title)))), this.rows);
    this.trials = h("input", { type: "checkbox" });
    this.trials.addEventListener("change", () => on.tryOut(this.trials.checked));
    this.element = h("section", { class: "sheet", "aria-label": "Decisions" },
      h("header", { class: "sheet-head" }, h("h2", {}, "Decisions"), this.menu()),
      h("label", { class: "field in-line" }, this.trials,
        h("span", {}, "put decisions to trial: measure A beside C, and learn from it")),
      this.detail, this.empty,
      h("div", { class: "transcript-scroll", tabindex: "0", role: "region", "aria-label": "Transcript" }, this.table));
  }

  /** @param {object[]} records of the transcript, oldest first */
  showAll(records) {
    this.empty.textContent = NOTHING;
    this.records = records.slice(-SHOWN);
    this.rows.replaceChildren(...this.records.map((record) => this.row(record)).reverse());
    const latest = this.records.findLast(({ event }) => event === "decision");
    if (latest && this.following) this.look(latest, "the latest decision");
    this.update();
  }

  /** A record that was just written. */
  add(record) {
    this.records = [...this.records, record].slice(-SHOWN);
    this.rows.prepend(this.row(record));
    while (this.rows.childElementCount > SHOWN) this.rows.lastElementChild.remove();
    if (record.event === "decision" && this.following) this.look(record, "the latest decision");
    this.update();
  }

  /** Show the voices of a decision. */
  look(record, origin) {
    this.detail.replaceChildren(voicesOf(record, origin));
  }

  /** Show a decision that is none of the transcript, and stay there. */
  preview(record) {
    this.following = false;
    this.look(record, "by the policy in the editor");
    this.detail.scrollIntoView({ block: "nearest" }); // on a narrow screen it is below the maps
  }

  update() {
    this.empty.hidden = this.records.length > 0 || this.detail.childElementCount > 0;
    this.table.hidden = this.records.length === 0;
  }

  row(record) {
    const time = record.time.slice(11, 19);
    if (record.event !== "decision") {
      return h("tr", { "data-event": record.event }, h("td", {}, time), h("td", { colspan: 5 }, ...describe(record)));
    }
    const open = () => {
      this.following = record === this.records.findLast(({ event }) => event === "decision");
      this.look(record, `decided ${record.time.slice(0, 10)} ${time}`);
    };
    const score = (name) => record.voices.find((voice) => voice.name === name)?.score.toFixed(3) ?? "–";
    return h("tr", {}, h("td", {}, time),
      h("td", {}, h("button", { type: "button", class: "line-link row-link", onclick: open }, problemWords(record))),
      ...["A", "B", "C"].map((name) => h("td", { "data-won": name === record.winner ? "true" : null }, score(name))),
      h("td", {}, record.winner));
  }

  menu() {
    const open = h("input", { type: "file", accept: ".log,.jsonl,text/plain", class: "visually-hidden",
      tabindex: "-1", "aria-label": "Transcript to import" });
    open.addEventListener("change", async () => {
      if (open.files.length) this.on.import(await open.files[0].text());
      open.value = "";
    });
    const item = (label, onclick) => h("button", { type: "button", class: "button", onclick }, label);
    return menu("Decisions: file", icon("more"), [
      item("Save as roundtable.log", () => this.on.download()),
      item("Import a transcript…", () => open.click()),
      open,
    ]);
  }
}

/** A trial, a lesson or an undo: a sentence, and the rules that it is about. */
function describe(record) {
  const { event, wilson, rules = [], seconds, pair } = record;
  if (event === "trial") {
    const [a, c] = sidesOf(pair);
    return [`Trial of ${problemWords(record)}: ${a} took ${launchTime(seconds[0])}, the table's ${c} `
      + `${launchTime(seconds[1])}; it has won ${wilson.wins} of ${wilson.trials}.`];
  }
  const title = event === "lesson" ? `Learnt from ${wilson.wins} of ${wilson.trials} trials:` : "Forgotten:";
  return [title, h("ul", { class: "told-rules" }, ...rules.map((rule) => h("li", {}, h("code", {}, ruleWords(rule)))))];
}
