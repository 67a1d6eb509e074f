/** What scripts print. Bounded, batched, and with links from tracebacks into the editor. */

import { h } from "../../ui/dom.js";
import { count } from "../../ui/format.js";
import { LineBuffer, splitAtLinks } from "./lines.js";

/** Lines kept; older ones go. A page of text is readable, a million lines are not. */
const LINES_KEPT = 2000;

export function mount(root, { store, kernel, actions }) {
  const list = h("div", { class: "console-lines", role: "log", "aria-live": "off", "aria-label": "Output",
    tabindex: "0" });
  const clear = h("button", { type: "button", class: "button", onclick: () => view.clear() }, "Clear");
  const copy = h("button", { type: "button", class: "button", onclick: () => copyText(list, store) }, "Copy");
  root.replaceChildren(
    h("div", { class: "console-head" }, h("h2", {}, "Console"), copy, clear),
    list,
  );
  const view = new ConsoleView(list, (line) => actions.showLine(line));
  kernel.on("output", ({ chunks, dropped }) => view.add(chunks, dropped));
  kernel.on("run-started", () => view.clear());
  kernel.on("cleared", () => view.clear());
  kernel.on("restarted", ({ reason }) => view.note(`${reason}, so Python is restarting. Your code is kept.`));
  kernel.on("boot-failed", ({ message, help }) => view.add([{ level: "error", text: `${message}\n${help}\n` }], 0));
  kernel.on("run-ended", ({ outcome, error }) => {
    if (error) view.add([{ level: "error", text: `${error.traceback}\n` }], 0);
    if (outcome === "stopped") view.note("Stopped.");
  });
}

class ConsoleView {
  /** @param {HTMLElement} list @param {(line: number) => void} onLink */
  constructor(list, onLink) {
    this.list = list;
    this.onLink = onLink;
    this.buffer = new LineBuffer(LINES_KEPT);
    this.frame = null;
  }

  add(chunks, dropped) {
    if (dropped > 0) this.buffer.note(`… ${count(dropped)} lines left out: they came faster than a page can show`);
    for (const { level, text } of chunks) this.buffer.write(level, text);
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  note(text) {
    this.buffer.note(text);
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  clear() {
    this.buffer.clear();
    this.list.replaceChildren();
  }

  /** Bring the list up to date: the open last line is drawn again, new lines are added, old ones go. */
  draw() {
    this.frame = null;
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 30;
    const { fresh, reopened } = this.buffer.take();
    if (reopened) this.list.lastElementChild?.remove();
    this.list.append(...fresh.map((line) => this.lineElement(line)));
    this.trim();
    if (atEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  trim() {
    if (this.list.childElementCount <= LINES_KEPT) return;
    while (this.list.childElementCount >= LINES_KEPT) this.list.firstElementChild.remove();
    const text = `… earlier lines are gone: the console keeps ${count(LINES_KEPT)}`;
    this.list.prepend(this.lineElement({ level: "note", text }));
  }

  lineElement({ level, text }) {
    const parts = splitAtLinks(text).map(({ text: part, line }) => (line === null
      ? part
      : h("button", { type: "button", class: "line-link", onclick: () => this.onLink(line) }, part)));
    return h("div", { class: "console-line", "data-level": level }, ...(text === "" ? ["\u00a0"] : parts));
  }
}

async function copyText(list, store) {
  const text = [...list.children].map((line) => line.textContent).join("\n");
  await navigator.clipboard.writeText(text).then(
    () => store.set("status", "The output is on the clipboard."),
    () => store.set("status", "The browser refused access to the clipboard."),
  );
}
