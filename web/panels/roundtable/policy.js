/** The policy: heur.kdsl as text, with what is wrong with it, and its way in and out as a file. */

import { h, icon, menu } from "../../ui/dom.js";
import { saveFile } from "../../ui/save.js";
import { createPolicyEditor } from "./editor.js";

const CHECK_AFTER_MILLISECONDS = 300;
const EMPTY = `# Rules that choose how Rank-K is launched.
# A soft one: where its condition holds, mk = 2 (warp) counts as 2^0.25 times as fast.
#   soft(mk, 2, 0.25, sg && k <= 128);
# A hard one: the field is assigned, whatever else speaks against it.
#   mk: sel(c > 65536, 3, 1);
`;

export class PolicyView {
  /**
   * @param {{changed: (text: string) => void, save: (text: string, base: string) => void, problem: (text: string) =>
   *   void}} on `changed` comes a moment after the last keystroke
   */
  constructor(on) {
    this.on = on;
    this.base = ""; // the file as it was when its text was taken
    this.text = "";
    this.timer = null;
    this.host = h("div", { class: "editor-host policy-host" });
    this.state = h("span", { class: "quiet" });
    this.save = h("button", { type: "button", class: "button framed", onclick: () => on.save(this.text, this.base) },
      "Save policy");
    this.discard = h("button", { type: "button", class: "button framed", onclick: () => this.take(this.base) },
      "Discard changes");
    this.findings = h("ul", { class: "findings" });
    this.element = h("section", { class: "sheet", "aria-label": "Policy" },
      h("header", { class: "sheet-head" }, h("h2", {}, "Policy"), this.state, this.menu()),
      this.host, this.findings, h("div", { class: "sheet-actions" }, this.save, this.discard));
    this.editor = createPolicyEditor(this.host, (text) => this.edited(text));
    this.update();
  }

  get changed() {
    return this.text !== this.base;
  }

  /** The file's present text; a draft of the reader's stays. */
  show(base, draft = this.changed ? this.text : base) {
    this.base = base;
    this.take(draft);
    this.update();
  }

  take(text) {
    this.editor.setText(text === "" && this.base === "" ? EMPTY : text);
  }

  /** The example in an empty file is no change. */
  edited(text) {
    this.text = text === EMPTY ? "" : text;
    this.update();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.on.changed(this.text), CHECK_AFTER_MILLISECONDS);
  }

  update() {
    this.save.disabled = this.discard.disabled = !this.changed;
    this.state.textContent = this.changed ? "heur.kdsl, changed" : "heur.kdsl";
  }

  /** @param {object[]} findings of labs/roundtable.py */
  mark(findings) {
    this.editor.mark(findings);
    this.findings.replaceChildren(...findings.map(({ level, line, message, suggestion }) =>
      h("li", { "data-level": level },
        h("button", { type: "button", class: "line-link", onclick: () => this.editor.show(line) }, `line ${line}`),
        `: ${message}${suggestion ? `. ${suggestion}` : ""}`)));
  }

  menu() {
    const open = h("input", { type: "file", accept: ".kdsl,.txt,text/plain", class: "visually-hidden", tabindex: "-1",
      "aria-label": "Policy file to open" });
    open.addEventListener("change", async () => {
      if (open.files.length) this.take(await open.files[0].text());
      open.value = "";
    });
    const item = (label, onclick) => h("button", { type: "button", class: "button", onclick }, label);
    return menu("Policy: file", icon("more"), [
      item("Open a policy…", () => open.click()),
      item("Save as heur.kdsl", () => saveFile("heur.kdsl", this.text, "text/plain")), open,
    ]);
  }
}
