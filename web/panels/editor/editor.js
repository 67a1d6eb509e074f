/** CodeMirror, set up for short Python scripts. */

import {
  Decoration, EditorState, EditorView, HighlightStyle, StateEffect, StateField, autocompletion, bracketMatching,
  closeBrackets, closeBracketsKeymap, completionKeymap, defaultKeymap, drawSelection, highlightActiveLine,
  highlightActiveLineGutter, highlightSelectionMatches, history, historyKeymap, indentOnInput, indentUnit,
  indentWithTab, keymap, lineNumbers, lintGutter, python, search, searchKeymap, setDiagnostics, syntaxHighlighting,
  tags,
} from "../../vendor/codemirror.js";

/**
 * @param {HTMLElement} host
 * @param {{text: string, onChange: (text: string) => void, onRun: () => void}} options
 */
export function createEditor(host, { text, onChange, onRun }) {
  const extensions = [
    keymap.of([{ key: "Mod-Enter", run: () => (onRun(), true), preventDefault: true }]),
    basics(),
    python(),
    indentUnit.of("    "),
    errorLine,
    lintGutter(),
    syntaxHighlighting(colours),
    EditorView.contentAttributes.of({
      tabindex: "0",
      "aria-label": "Python code. Control Enter runs it; Escape, then Tab leaves the editor.",
    }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) onChange(update.state.doc.toString());
    }),
  ];
  const view = new EditorView({ parent: host, doc: text, extensions });
  return {
    setText: (next) => setText(view, next),
    /** Undo must not bring back the code of another example. */
    forgetHistory: () => view.setState(EditorState.create({ doc: view.state.doc, extensions })),
    show: (line, column) => showLine(view, line, column),
    markError: (error) => markError(view, error),
  };
}

function basics() {
  return [
    lineNumbers(), highlightActiveLineGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(),
    closeBrackets(), autocompletion(), highlightActiveLine(), highlightSelectionMatches(), search({ top: true }),
    keymap.of([
      ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, indentWithTab,
    ]),
  ];
}

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: "var(--syntax-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--syntax-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--syntax-number)" },
  { tag: tags.comment, color: "var(--syntax-comment)", fontStyle: "italic" },
  { tag: [tags.function(tags.variableName), tags.function(tags.definition(tags.variableName)),
    tags.definition(tags.className), tags.meta], color: "var(--syntax-function)" },
]);

const setErrorLine = StateEffect.define();

/** The line of the last error keeps its mark until the next run, and moves with edits. */
const errorLine = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = marks.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(setErrorLine)) continue;
      next = effect.value === null
        ? Decoration.none
        : Decoration.set([Decoration.line({ class: "error-line" }).range(effect.value)]);
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function setText(view, text) {
  if (text === view.state.doc.toString()) return;
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: 0 } });
}

function showLine(view, number, column) {
  const line = lineAt(view.state, number);
  const place = Math.min(line.from + Math.max(column - 1, 0), line.to);
  view.dispatch({ selection: { anchor: place }, effects: EditorView.scrollIntoView(place, { y: "center" }) });
  view.focus();
}

/** @param {import("../../kernel/protocol.js").UserError|null} error */
function markError(view, error) {
  if (!error?.line) {
    view.dispatch(setDiagnostics(view.state, []), { effects: setErrorLine.of(null) });
    return;
  }
  const line = lineAt(view.state, error.line);
  const from = Math.min(line.from + Math.max((error.column ?? 1) - 1, 0), line.to);
  const to = error.endColumn ? Math.min(line.from + error.endColumn - 1, line.to) : line.to;
  const message = `${error.name}: ${error.message}`;
  view.dispatch(
    setDiagnostics(view.state, [{ from, to: Math.max(to, from), severity: "error", message }]),
    { effects: setErrorLine.of(line.from) },
  );
}

function lineAt(state, number) {
  return state.doc.line(Math.min(Math.max(number, 1), state.doc.lines));
}
