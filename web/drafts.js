/** Which code the editor holds: an example, the reader's own draft of it, or code from a link. */

import { decodeCode } from "./share.js";

const SAVE_AFTER_MILLISECONDS = 250;
const LINK_NOTICE = "This code came from a link. Read it before you press Run: it runs in this tab.";
/** The name under which code from a link is kept, beside the examples' names. */
const SHARED = "shared";

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
    let problem = null;
    if (linked !== null) problem = await this.receive(linked);
    await this.open(this.store.get("example"));
    if (problem) this.store.set("notice", `${problem.message} This is the example's code instead.`);
  }

  /** Keep code from a link as the draft to open. @returns {Promise<Error|null>} what is wrong with the link */
  async receive(linked) {
    try {
      const code = await decodeCode(linked);
      await Promise.all([this.kept.set(draftKey(SHARED), code), this.kept.set(receivedKey, code)]);
      this.store.set("example", SHARED);
      return null;
    } catch (problem) {
      return problem;
    }
  }

  /** Show an example, or the reader's draft of it. */
  async open(name) {
    const [original, draft] = await Promise.all([this.original(name), this.kept.get(draftKey(name))]);
    if (this.store.get("example") !== name) return; // another one was chosen meanwhile
    const edited = draft !== undefined && draft !== original;
    this.show(draft ?? original, edited ? "draft" : name === SHARED ? "link" : "example");
  }

  /** Put the example's own code back. */
  async revert() {
    const name = this.store.get("example");
    this.show(await this.original(name), name === SHARED ? "link" : "example");
    this.saveSoon();
  }

  /** The published code of an example, or what a link brought. */
  async original(name) {
    if (name === SHARED) return (await this.kept.get(receivedKey)) ?? "";
    if (!this.originals.has(name)) {
      const response = await fetch(`examples/${name}.py`);
      this.originals.set(name, response.ok ? await response.text() : `# There is no example "${name}".\n`);
    }
    return this.originals.get(name);
  }

  show(code, from) {
    this.store.set("notice", from === "link" ? LINK_NOTICE : "");
    this.store.set("codeFrom", from);
    this.shown = code;
    this.store.set("code", code);
  }

  codeChanged(code) {
    if (code === this.shown) return;
    this.shown = null;
    this.store.set("codeFrom", "draft");
    this.saveSoon();
  }

  saveSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), SAVE_AFTER_MILLISECONDS);
  }

  /** Write what is not written yet: another example comes, or the tab may be closing. */
  saveNow() {
    if (this.timer === null) return;
    this.save();
    this.kept.noteLast(draftKey(this.store.get("example")), this.store.get("code"));
  }

  /** Keep the draft; code that is the example's own is no draft, so that a newer example is seen. */
  save() {
    clearTimeout(this.timer);
    this.timer = null;
    const name = this.store.get("example");
    const code = this.store.get("code");
    return this.kept.set(draftKey(name), code === this.originals.get(name) ? undefined : code);
  }
}

const draftKey = (name) => `code:${name}`;
const receivedKey = "received";
