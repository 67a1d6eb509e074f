/**
 * The panels of the page. A panel is a folder `panels/<name>/` with `panel.js`, which exports
 * `mount(root, page)`, `style.css` and tests; adding one touches this list alone. `region` names the element of
 * index.html that it fills. A panel of another view than the first names it, and loads when that view is first opened.
 *
 * `page` is `{store, kernel, actions, kept}`: the shared state, the worker's messages, what the user can do, storage.
 */
import * as canvas from "./canvas/panel.js";
import * as charts from "./charts/panel.js";
import * as output from "./console/panel.js";
import * as editor from "./editor/panel.js";
import * as examples from "./examples/panel.js";
import * as status from "./status/panel.js";
import * as tools from "./tools/panel.js";

export const PANELS = [
  { name: "editor", region: "editor", load: () => editor },
  { name: "examples", region: "examples", load: () => examples },
  { name: "tools", region: "tools", load: () => tools },
  { name: "status", region: "status", load: () => status },
  { name: "canvas", region: "canvas", load: () => canvas },
  { name: "charts", region: "charts", load: () => charts },
  { name: "console", region: "console", load: () => output },
  { name: "rankk", region: "rankk", view: "rankk", load: () => import("./rankk/panel.js") },
  { name: "status", region: "rankk-status", view: "rankk", load: () => status },
  { name: "roundtable", region: "roundtable", view: "roundtable", load: () => import("./roundtable/panel.js") },
  { name: "status", region: "roundtable-status", view: "roundtable", load: () => status },
  { name: "speed", region: "bench", view: "bench", load: () => import("./speed/panel.js") },
  { name: "status", region: "bench-status", view: "bench", load: () => status },
];

/**
 * Load panels, their style sheets with them so that nothing moves when they appear: those of a view, or without one
 * those that the page starts with.
 * @param {string} [view]
 * @returns {Promise<(page: object) => void>} mounts them
 */
export async function loadPanels(view) {
  const wanted = PANELS.filter((panel) => panel.view === view);
  const panels = await Promise.all(wanted.map(async ({ name, region, load }) => {
    const [panel] = await Promise.all([load(), loadStyle(name)]);
    return { region, mount: panel.mount };
  }));
  return (page) => {
    for (const { region, mount } of panels) mount(document.querySelector(`[data-region="${region}"]`), page);
  };
}

/** Once per sheet: a panel may be on the page more than once, and the build puts those of the first view in the markup. */
const styles = new Map(document.querySelector("style[data-panels]").dataset.panels.split(" ").map((name) => [name, null]));

function loadStyle(name) {
  if (!styles.has(name)) styles.set(name, addStyle(new URL(`panels/${name}/style.css`, document.baseURI)));
  return styles.get(name);
}

function addStyle(address) {
  return new Promise((resolve, reject) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = address.href;
    link.onload = resolve;
    link.onerror = () => reject(new Error(`${address.pathname} could not be loaded.`));
    document.head.append(link);
  });
}
