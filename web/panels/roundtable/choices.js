/** Choices of launches in words and colours. A choice is an object of the fields of `Choice` in Python. */

import { count, launchTime } from "../../ui/format.js";
import { CLASS_COLOURS, rampColour } from "../../ui/palette.js";

const MERGES = ["bitonic", "shared", "warp", "stream", "lane", "sweep"];
const ORDERS = ["auto", "heap", "kway", "bitonic", "warp_heap", "warp_bitonic", "buckets"];
export const VOICES = { A: "SoftLogic", B: "hard rules", C: "tuner table" };

/** What a survey can be coloured by: a title, words for values that are names, and what a small cell says of one. */
export const ASPECTS = {
  mk: { title: "how winners are found (mk)", words: MERGES, short: ["B", "Sh", "W", "St", "L", "Sw"] },
  winner: { title: "who decides", words: VOICES },
  predicted: { title: "predicted time", ramp: true, word: launchTime },
  mkd: { title: "how they get in order (mkd)", words: ORDERS, short: ["a", "h", "k", "b", "wh", "wb", "bu"] },
  wg: { title: "workgroup size (wg)", ramp: true },
  kl: { title: "entries of a lane (kl)", ramp: true },
  tile: { title: "columns between looks (tile)", ramp: true },
  ctile: { title: "slots for candidates (ctile)", ramp: true },
  use_2ce: { title: "rows split (use_2ce)", words: ["no", "yes"] },
  ch: { title: "chunks of a row (ch)", ramp: true },
};

const SWEEP = MERGES.indexOf("sweep");

/** "shared/heap wg 256 kl 16 tile 4096 ctile 64, 8 chunks a row". */
export function choiceWords({ mk, mkd, wg, kl, tile, ctile, use_2ce: split, ch }) {
  const parts = mk === SWEEP ? ", in two launches" : `, ${ch} chunks a row`;
  return `${MERGES[mk]}/${ORDERS[mkd]} wg ${wg} kl ${kl} tile ${tile} ctile ${ctile}${split ? parts : ""}`;
}

/** "topk 8 × 65,536, k 1,024"; FFTs have no k. */
export function problemWords({ kind, rows, cols, k }) {
  return `${kind} ${count(rows)} × ${count(cols)}${kind === "fft" ? "" : `, k ${count(k)}`}`;
}

/** The two sides of a trial: "mk=3:0 wg=256:64" -> ["mk=3 wg=256", "mk=0 wg=64"]. */
export function sidesOf(pair) {
  const fields = pair.split(" ").filter(Boolean).map((field) => field.split(/[=:]/));
  return [1, 2].map((side) => fields.map((field) => `${field[0]}=${field[side]}`).join(" "));
}

/** A learnt line without what is noted behind it. */
export function ruleWords(line) {
  return line.replace(/\s*# learnt [^ ]+ \d+\/\d+/, "");
}

/** 65536 -> "64k", 1048576 -> "1M". */
export function binary(value) {
  if (value >= 1 << 20 && value % (1 << 20) === 0) return `${value >> 20}M`;
  return value >= 1 << 10 && value % (1 << 10) === 0 ? `${value >> 10}k` : String(value);
}

/** A value of an aspect in words. */
export function wordOf(aspect, value) {
  const { words, word = binary } = ASPECTS[aspect];
  return words ? words[value] : word(value);
}

/** What a cell of a survey says: few characters. */
export function shortOf(aspect, value) {
  return ASPECTS[aspect].short?.[value] ?? wordOf(aspect, value);
}

/**
 * Colours for the values of an aspect: those of names are told apart, sizes and times lie on a ramp.
 * @param {string} aspect @param {(number|string)[]} values all that are shown
 * @returns {(value: number|string) => [number, number, number]}
 */
export function coloursOf(aspect, values) {
  const { words, ramp } = ASPECTS[aspect];
  if (!ramp) {
    const names = Object.keys(words);
    return (value) => CLASS_COLOURS[names.indexOf(String(value)) % CLASS_COLOURS.length];
  }
  const low = Math.log2(Math.min(...values));
  const high = Math.log2(Math.max(...values));
  return (value) => rampColour(high > low ? (Math.log2(value) - low) / (high - low) : 0.5);
}

/** Black or white, whichever is read better on a colour. */
export function inkOn([red, green, blue]) {
  const linear = [red, green, blue].map((channel) => (channel / 255) ** 2.2);
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.18 ? "#101114" : "#ffffff";
}
