/** Small helpers for building markup: text always stays text, so nothing a script prints can become markup. */

/**
 * Make an element.
 * @param {string} tag
 * @param {Object<string, *>} [attributes] `class`, `on<event>` functions, properties given as attributes; a value of
 *   false or null leaves the attribute out
 * @param {...(Node|string|null)} children
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

function setAttribute(element, name, value) {
  if (value === false || value === null || value === undefined) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else element.setAttribute(name, value === true ? "" : value);
}

const ICONS = {
  run: "M7 4.500v15l12-7.500z",
  pause: "M6 5h4v14H6zM14 5h4v14h-4z",
  step: "M5 4.500v15l9-7.500zM16 5h3v14h-3z",
  stop: "M6 6h12v12H6z",
  reset: "M12 5a7 7 0 1 1-6.700 5l2 .6A5 5 0 1 0 12 7v3L7 6l5-4z",
  more: "M5 10h4v4H5zM10.500 10h4v4h-4zM16 10h4v4h-4z",
};

/** A drawn sign; always beside a text or inside a labelled button. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A menu that opens below its button and closes on Escape, on a choice and on a click elsewhere. */
export function menu(label, opener, items) {
  const list = h("div", { class: "menu-items" }, ...items);
  const details = h("details", { class: "menu" }, h("summary", { "aria-label": label, title: label }, opener), list);
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary").focus();
  });
  list.addEventListener("click", (event) => {
    if (event.target.closest("button")) details.open = false;
  });
  details.addEventListener("toggle", () => {
    if (!details.open) return;
    const close = (event) => {
      if (details.contains(event.target)) return;
      details.open = false;
    };
    document.addEventListener("pointerdown", close);
    details.addEventListener("toggle", () => document.removeEventListener("pointerdown", close), { once: true });
  });
  return details;
}

/** Whether the user asked for less motion. */
export function reducedMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
