/**
 * What the page remembers: one table of settings that live in the address, and the first values of the store.
 */

/**
 * Each setting: the values it may take (or null for any short word), its default, and what it does.
 * The address holds those that differ from the default: `#example=digits&device=cpu`.
 */
export const SETTINGS = {
  view: { values: ["playground", "rankk", "roundtable", "bench"], initial: "playground", label: "View" },
  example: { values: null, initial: "spirals", label: "Example" },
  problem: { values: null, initial: "topk-64x4096x16-normal", label: "Problem of the Rank-K lab" },
  device: { values: ["auto", "webgpu", "cpu"], initial: "auto", label: "Device" },
  theme: { values: ["system", "light", "dark"], initial: "system", label: "Colours" },
  hidden: { values: ["pause", "run"], initial: "pause", label: "In a hidden tab" },
};

const WORD = /^[a-z0-9_-]{1,40}$/;

/** Settings from an address's hash; anything unknown or malformed falls back to its default. */
export function settingsFromHash(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  return Object.fromEntries(Object.entries(SETTINGS).map(([name, { values, initial }]) => {
    const value = given.get(name);
    const fits = value !== null && (values ? values.includes(value) : WORD.test(value));
    return [name, fits ? value : initial];
  }));
}

/** The hash for settings: only what differs from the defaults. */
export function hashFromSettings(settings) {
  const told = new URLSearchParams();
  for (const [name, { initial }] of Object.entries(SETTINGS)) {
    if (settings[name] !== initial) told.set(name, settings[name]);
  }
  const text = told.toString();
  return text ? `#${text}` : "";
}

/** First values of the store. */
export function initialState(settings) {
  return {
    ...settings,
    examples: [],
    code: "",
    codeFrom: "example", // "example", "draft" or "link"
    notice: "", // about the code, shown above it
    phase: "loading",
    loading: { stage: "", loaded: 0, total: 0 },
    failure: null, // {message, help} when Python could not be loaded
    adapter: null, // DeviceReport of kernel/protocol.js
    deviceLost: null,
    versions: null,
    suspends: true,
    queued: false,
    lastRun: null, // {outcome, seconds, error}
    progress: null,
    parameters: null,
    status: "", // one sentence for the live region
    lineToShow: null, // {line, column}: the editor moves there
  };
}
