/** One set of panels at a time: what the links in the header open, and what the address names. */

import { settingsFromHash } from "./state.js";

/**
 * @param {object} page as the panels get it
 * @param {(view: string) => Promise<(page: object) => void>} loadPanels of views other than the first
 */
export function connectViews(page, loadPanels) {
  const { store, actions } = page;
  const opened = new Map([["playground", Promise.resolve()]]);
  const open = async (view) => {
    show(view);
    if (!opened.has(view)) opened.set(view, loadPanels(view).then((mount) => mount(page)));
    await opened.get(view).catch((problem) => {
      opened.delete(view); // the next try loads it anew
      store.set("status", `This view could not be loaded: ${problem.message}`);
    });
  };
  for (const link of document.querySelectorAll("[data-opens]")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab or window
      event.preventDefault();
      actions.openView(link.dataset.opens);
    });
  }
  addEventListener("popstate", () => {
    if (location.hash === "" || location.hash.includes("=")) store.set("view", settingsFromHash(location.hash).view);
  });
  // A link that was followed before anybody listened has changed the address alone.
  if (location.hash.includes("view=")) store.set("view", settingsFromHash(location.hash).view);
  store.watch("view", open, { now: true });
}

/** Show the parts of the page that belong to a view, and say so in the header, the title and the skip link. */
function show(view) {
  for (const part of document.querySelectorAll("[data-view]")) part.hidden = part.dataset.view !== view;
  for (const link of document.querySelectorAll("[data-opens]")) {
    const current = link.dataset.opens === view;
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    if (current) document.title = view === "playground" ? "SpiralTorch" : `${link.textContent} – SpiralTorch`;
  }
  const skip = document.querySelector(".skip-link");
  skip.href = view === "playground" ? "#editor" : `#${view}`;
  skip.textContent = view === "playground" ? "Skip to the code" : "Skip to the content";
}
