/** CodeMirror, set up for short Python scripts. */

import { basics, colours, lineAt, setText } from "../../ui/code.js";
import {
  Decoration, EditorState, EditorView, StateEffect, StateField, indentUnit, keymap, lintGutter, python, setDiagnostics,
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
    colours(),
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
