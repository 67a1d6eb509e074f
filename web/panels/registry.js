/**
 * The panels of the page. A panel is a folder `panels/<name>/` with `panel.js`, which exports
 * `mount(root, page)`, `style.css` and tests; adding one touches this list alone. `region` names the element of
 * index.html that it fills. A panel of another view than the first names it, and loads when that view is first opened.
 *
 * `page` is `{store, kernel, actions, kept}`: the shared state, the worker's messages, what the user can do, storage.
 */
export const PANELS = [
  { name: "editor", region: "editor" },
  { name: "examples", region: "examples" },
  { name: "tools", region: "tools" },
  { name: "status", region: "status" },
  { name: "canvas", region: "canvas" },
  { name: "charts", region: "charts" },
  { name: "console", region: "console" },
  { name: "rankk", region: "rankk", view: "rankk" },
  { name: "status", region: "rankk-status", view: "rankk" },
  { name: "roundtable", region: "roundtable", view: "roundtable" },
  { name: "status", region: "roundtable-status", view: "roundtable" },
  { name: "speed", region: "bench", view: "bench" },
  { name: "status", region: "bench-status", view: "bench" },
];

/**
 * Load panels, their style sheets with them so that nothing moves when they appear: those of a view, or without one
 * those that the page starts with.
 * @param {string} [view]
 * @returns {Promise<(page: object) => void>} mounts them
 */
export async function loadPanels(view) {
  const wanted = PANELS.filter((panel) => panel.view === view);
  const panels = await Promise.all(wanted.map(async ({ name, region }) => {
    const style = loadStyle(new URL(`./${name}/style.css`, import.meta.url));
    const [panel] = await Promise.all([import(`./${name}/panel.js`), style]);
    return { region, mount: panel.mount };
  }));
  return (page) => {
    for (const { region, mount } of panels) mount(document.querySelector(`[data-region="${region}"]`), page);
  };
}

/** Once per sheet: a panel may be on the page more than once. */
const styles = new Map();

function loadStyle(address) {
  if (!styles.has(address.href)) styles.set(address.href, addStyle(address));
  return styles.get(address.href);
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
