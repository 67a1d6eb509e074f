/** The examples as cards with pictures. */

import { h } from "../../ui/dom.js";

export async function mount(root, { store, actions, kernel }) {
  const cards = h("ul", { class: "cards" });
  root.replaceChildren(cards);
  const response = await fetch("examples.json");
  if (!response.ok) {
    root.replaceChildren(h("p", { class: "cards-missing" }, "The list of examples could not be loaded."));
    return;
  }
  const examples = await response.json();
  store.set("examples", examples);
  const buttons = new Map(examples.map((example) => [example.name, card(example, actions)]));
  cards.replaceChildren(...[...buttons.values()].map((button) => h("li", {}, button)));
  const mark = () => {
    for (const [name, button] of buttons) {
      button.setAttribute("aria-current", name === store.get("example") && store.get("codeFrom") !== "link");
    }
  };
  store.watch("example", mark, { now: true });
  store.watch("codeFrom", mark);
  kernel.on("example-opened", mark);
}

function card({ name, title, description, preview }, actions) {
  const picture = preview
    ? h("img", { src: preview, alt: "", width: 56, height: 56, loading: "lazy" })
    : h("span", { class: "card-blank" });
  return h("button", { type: "button", class: "card", title: description, onclick: () => actions.openExample(name) },
    picture,
    h("span", { class: "card-text" }, h("strong", {}, title), h("span", {}, firstSentence(description))));
}

function firstSentence(text) {
  return text.replaceAll(/\s+/g, " ").split(/(?<=\.) /)[0];
}
