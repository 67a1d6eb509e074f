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

/**
 * Load every panel, its style sheet with it so that nothing moves when it appears.
 * @returns {Promise<(page: object) => void>} mounts them all
 */
export async function loadPanels() {
  const panels = await Promise.all(PANELS.map(async ({ name, region }) => {
    const style = loadStyle(new URL(`./${name}/style.css`, import.meta.url));
    const [panel] = await Promise.all([import(`./${name}/panel.js`), style]);
    return { region, mount: panel.mount };
  }));
  return (page) => {
    for (const { region, mount } of panels) mount(document.querySelector(`[data-region="${region}"]`), page);
  };
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
