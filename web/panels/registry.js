/**
 * The panels of the page. A panel is a folder `panels/<name>/` with `panel.js`, which exports
 * `mount(root, page)`, `style.css` and tests; adding one touches this list alone. `region` names the element of
 * index.html that it fills.
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
];

/** Load and mount every panel; its style sheet first, so that nothing moves when it appears. */
export async function mountPanels(page) {
  await Promise.all(PANELS.map(async ({ name, region }) => {
    const [panel] = await Promise.all([import(`./${name}/panel.js`), loadStyle(new URL(`./${name}/style.css`, import.meta.url))]);
    panel.mount(document.querySelector(`[data-region="${region}"]`), page);
  }));
}

function loadStyle(address) {
  return new Promise((resolve, reject) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = address.href;
    link.onload = resolve;
    link.onerror = () => reject(new Error(`${address.pathname} could not be loaded.`));
    document.head.append(link);
  });
}
