/** Which code the editor holds: an example, the reader's own draft of it, or code from a link. */

import { decodeCode } from "./share.js";

const SAVE_AFTER_MILLISECONDS = 250;
const LINK_NOTICE = "This code came from a link. Read it before you press Run: it runs in this tab.";

export class Drafts {
  /** @param {import("./store.js").Store} store @param {import("./persist.js").Kept} kept */
  constructor(store, kept) {
    this.store = store;
    this.kept = kept;
    this.originals = new Map();
    this.timer = null;
    store.watch("code", (code) => this.codeChanged(code));
    addEventListener("pagehide", () => this.saveNow());
    document.addEventListener("visibilitychange", () => this.saveNow());
  }

  /** Show the code of a link (never run it), or a draft, or the example itself. */
  async openFirst(hash) {
    const linked = new URLSearchParams(hash.replace(/^#/, "")).get("code");
    if (linked === null) {
      await this.open(this.store.get("example"));
      return;
    }
    try {
      const code = await decodeCode(linked);
      this.show(code, "link");
      this.store.set("notice", LINK_NOTICE);
    } catch (problem) {
      await this.open(this.store.get("example"));
      this.store.set("notice", `${problem.message} This is the example's code instead.`);
    }
  }

  /** Show an example, or the reader's draft of it. */
  async open(name) {
    this.saveNow();
    const [original, draft] = await Promise.all([this.original(name), this.kept.get(draftKey(name))]);
    if (this.store.get("example") !== name) return; // another one was chosen meanwhile
    this.show(draft ?? original, draft === undefined || draft === original ? "example" : "draft");
  }

  /** Put the example's own code back. */
  async revert() {
    this.show(await this.original(this.store.get("example")), "example");
    this.saveSoon();
  }

  /** The published code of an example. */
  async original(name) {
    if (!this.originals.has(name)) {
      const response = await fetch(`examples/${name}.py`);
      this.originals.set(name, response.ok ? await response.text() : `# There is no example "${name}".\n`);
    }
    return this.originals.get(name);
  }

  show(code, from) {
    this.store.set("notice", "");
    this.store.set("codeFrom", from);
    this.shown = code;
    this.store.set("code", code);
  }

  codeChanged(code) {
    if (code === this.shown) return;
    this.shown = null;
    if (this.store.get("codeFrom") === "example") this.store.set("codeFrom", "draft");
    this.saveSoon();
  }

  saveSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), SAVE_AFTER_MILLISECONDS);
  }

  /** Write what is not written yet, while the tab may be closing. */
  saveNow() {
    if (this.timer === null) return;
    this.kept.noteLastEdit(draftKey(this.store.get("example")), this.store.get("code"));
    this.save();
  }

  save() {
    clearTimeout(this.timer);
    this.timer = null;
    return this.kept.set(draftKey(this.store.get("example")), this.store.get("code"));
  }
}

const draftKey = (name) => `code:${name}`;
