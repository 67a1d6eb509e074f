/** What the page's editors have in common: keys, search, the colours of code. */

import {
  HighlightStyle, autocompletion, bracketMatching, closeBrackets, closeBracketsKeymap, completionKeymap, defaultKeymap,
  drawSelection, highlightActiveLine, highlightActiveLineGutter, highlightSelectionMatches, history, historyKeymap,
  indentOnInput, indentWithTab, keymap, lineNumbers, search, searchKeymap, syntaxHighlighting, tags,
} from "../vendor/codemirror.js";

/** What every editor here can do. */
export function basics() {
  return [
    lineNumbers(), highlightActiveLineGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(),
    closeBrackets(), autocompletion(), highlightActiveLine(), highlightSelectionMatches(), search({ top: true }),
    keymap.of([
      ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, indentWithTab,
    ]),
  ];
}

const style = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: "var(--syntax-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--syntax-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--syntax-number)" },
  { tag: tags.comment, color: "var(--syntax-comment)", fontStyle: "italic" },
  { tag: [tags.function(tags.variableName), tags.function(tags.definition(tags.variableName)),
    tags.definition(tags.className), tags.meta], color: "var(--syntax-function)" },
]);

/** The colours of code, as extension. */
export function colours() {
  return syntaxHighlighting(style);
}

/** Replace an editor's text, unless it is the same. */
export function setText(view, text) {
  if (text === view.state.doc.toString()) return;
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: 0 } });
}

/** A line by its number, or the nearest that there is. */
export function lineAt(state, number) {
  return state.doc.line(Math.min(Math.max(number, 1), state.doc.lines));
}
