/** A note of the script. */

import { h } from "../../ui/dom.js";

export class TextView {
  constructor(tag) {
    this.text = h("p", { class: "note-text" });
    this.element = h("article", { class: "view" }, h("header", { class: "view-head" }, h("h2", {}, tag)), this.text);
  }

  show({ text }) {
    this.text.textContent = text;
  }
}
