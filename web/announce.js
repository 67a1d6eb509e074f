/** Speaks the page's status: its only live region, so that a screen reader hears one thing at a time. */

/** Screen readers hear at most one sentence in this time. */
const SPEAK_EVERY_MILLISECONDS = 1500;

/** @param {import("./store.js").Store} store @param {HTMLElement} region */
export function announce(store, region) {
  store.watch("status", throttled((text) => { region.textContent = text; }), { now: true });
}

/** Call at most once per period, always with the last value. */
function throttled(action) {
  let timer = null;
  let latest = "";
  return (value) => {
    latest = value;
    if (timer !== null) return;
    action(value);
    timer = setTimeout(() => {
      timer = null;
      if (latest !== value) action(latest);
    }, SPEAK_EVERY_MILLISECONDS);
  };
}
