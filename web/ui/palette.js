/**
 * Colours with a meaning. Classes and lines use the set of Okabe and Ito (Color Universal Design, 2008), which stays
 * distinct for colour-blind readers; continuous values use a ramp with even steps of lightness.
 */

/** Okabe–Ito, ordered so that the first two differ most. Also in py/spiraltorch_web/live/palettes.py. */
export const CLASS_COLOURS = [
  [230, 159, 0], [86, 180, 233], [0, 158, 115], [204, 121, 167], [0, 114, 178], [213, 94, 0], [240, 228, 66],
  [153, 153, 153],
];

/** Lines are thin, so yellow and the palest tones come last, and dark grounds get lighter ones. */
const LINES_ON_LIGHT = ["#0072b2", "#d55e00", "#009e73", "#b0478a", "#8a6100", "#2f8fc9", "#5c6570"];
const LINES_ON_DARK = ["#56b4e9", "#e69f00", "#2fd3a4", "#e39bc4", "#f0e442", "#d9763a", "#b9c0c8"];

/** Colour of the n-th line of a chart on the present ground. */
export function lineColour(index) {
  const colours = isDark() ? LINES_ON_DARK : LINES_ON_LIGHT;
  return colours[index % colours.length];
}

/** Dash of the n-th line, so that lines differ without colour, too. */
export function lineDash(index) {
  return [[], [7, 4], [2, 3], [9, 3, 2, 3]][index % 4];
}

/** Anchors of the ramp from low (dark blue) to high (pale yellow). */
const RAMP = [[28, 22, 68], [50, 66, 135], [40, 118, 142], [46, 163, 125], [150, 203, 78], [248, 238, 130]];

/** Colour of a value in 0…1 as [red, green, blue]. */
export function rampColour(fraction) {
  const place = Math.min(Math.max(fraction, 0), 1) * (RAMP.length - 1);
  const low = Math.min(Math.floor(place), RAMP.length - 2);
  return RAMP[low].map((channel, index) => Math.round(channel + (place - low) * (RAMP[low + 1][index] - channel)));
}

/** Whether the page is dark now. */
export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen) return chosen === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Call back when the page turns dark or light. @returns {() => void} ends it */
export function onThemeChange(listener) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const choice = new MutationObserver(listener);
  system.addEventListener("change", listener);
  choice.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => {
    system.removeEventListener("change", listener);
    choice.disconnect();
  };
}

/** The value of a colour of style.css. */
export function styleColour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
