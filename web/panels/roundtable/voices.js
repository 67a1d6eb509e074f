/** One decision: what each voice proposed, what speaks for it, and who won. */

import { h } from "../../ui/dom.js";
import { launchTime, measure } from "../../ui/format.js";
import { VOICES, choiceWords, problemWords } from "./choices.js";

/** @param {object} record a decision of the transcript @param {string} origin where it comes from, in words */
export function voicesOf(record, origin) {
  const { winner, voices, wilson, notes } = record;
  const tally = wilson.trials > 0
    ? [h("p", { class: "quiet" }, `A won ${wilson.wins} of ${wilson.trials} trials here `
      + `(95 %: ${wilson.low.toFixed(2)} to ${wilson.high.toFixed(2)}).`)]
    : [];
  return h("div", { class: "voices-of" },
    h("p", {}, h("strong", {}, problemWords(record)), ` – ${origin}`),
    h("div", { class: "voices" }, ...voices.map((voice) => voiceCard(voice, voice.name === winner))),
    ...tally, ...notes.map((note) => h("p", { class: "quiet" }, note)));
}

function voiceCard({ name, choice, seconds, score, prior, rules, reasons, repairs }, won) {
  const points = [
    ...rules.map(({ field, value, weight, source }) =>
      `${weight < 0 ? "−" : "+"}${measure(Math.abs(weight))} for ${field} = ${value} (${source})`),
    ...(prior ? [`+${measure(prior)} for being the table's`] : []),
    ...reasons,
    ...repairs.map((repair) => `repaired: ${repair}`),
  ];
  return h("article", { class: "voice", "data-won": won ? "true" : null, "aria-label": `Voice ${name}` },
    h("h3", {}, `${name} · ${VOICES[name]}`, won ? h("span", { class: "tag" }, "wins") : null),
    h("p", { class: "voice-choice" }, choiceWords(choice)),
    h("p", { class: "voice-figures" }, h("span", {}, "score ", h("strong", {}, score.toFixed(3))),
      h("span", {}, "predicted ", h("strong", {}, launchTime(seconds)))),
    h("ul", {}, ...points.map((point) => h("li", {}, point))));
}
