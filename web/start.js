/**
 * The page begins to work once the browser has painted what the markup holds: on few cores its first picture would
 * otherwise wait for the panels, the worker and the graphics device.
 */

/** Longer than any painting takes; a tab in the background does not paint at all. */
const PATIENCE_MILLISECONDS = 500;

const begin = () => import("./main.js");

/** A view's link that is followed before then changes the view alone: a device and a shared script stay named. */
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-opens]");
  if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const named = new URLSearchParams(location.hash.slice(1));
  named.set("view", link.dataset.opens);
  history.pushState(null, "", `#${named}`);
});

if (document.hidden) {
  begin();
} else {
  new PerformanceObserver((_, watching) => {
    watching.disconnect();
    begin();
  }).observe({ type: "paint", buffered: true });
  setTimeout(begin, PATIENCE_MILLISECONDS);
}
