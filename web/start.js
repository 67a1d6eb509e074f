/**
 * The page begins to work once the browser has painted what the markup holds: on few cores its first picture would
 * otherwise wait for the panels, the worker and the graphics device.
 */

/** Longer than any painting takes; a tab in the background does not paint at all. */
const PATIENCE_MILLISECONDS = 500;

const begin = () => import("./main.js");

if (document.hidden) {
  begin();
} else {
  new PerformanceObserver((_, watching) => {
    watching.disconnect();
    begin();
  }).observe({ type: "paint", buffered: true });
  setTimeout(begin, PATIENCE_MILLISECONDS);
}
