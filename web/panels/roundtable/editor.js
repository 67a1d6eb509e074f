/** CodeMirror for SpiralK: its words coloured, and what Python finds wrong marked in place. */

import { basics, colours, lineAt, setText } from "../../ui/code.js";
import { EditorView, StreamLanguage, lintGutter, setDiagnostics } from "../../vendor/codemirror.js";

const HINTS = /^(soft|penalty_if)\b/;
const language = StreamLanguage.define({
  name: "spiralk",
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^#.*/)) return "comment";
    if (stream.match(HINTS)) return "keyword";
    if (stream.match(/^(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?/)) return "number";
    if (stream.match(/^(true|false)\b/)) return "bool";
    if (stream.match(/^\w+(?=\s*[(:])/)) return "meta";
    if (stream.match(/^\w+/)) return "variableName";
    stream.next();
    return null;
  },
  languageData: { commentTokens: { line: "#" } },
});

/** @param {HTMLElement} host @param {(text: string) => void} onChange */
export function createPolicyEditor(host, onChange) {
  const view = new EditorView({
    parent: host,
    extensions: [
      basics(), language, lintGutter(), colours(), EditorView.lineWrapping,
      EditorView.contentAttributes.of({
        tabindex: "0", "aria-label": "Policy in SpiralK. Escape, then Tab leaves the editor.",
      }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) onChange(update.state.doc.toString());
      }),
    ],
  });
  return {
    setText: (text) => setText(view, text),
    /** @param {object[]} findings of labs/roundtable.py */
    mark: (findings) => view.dispatch(setDiagnostics(view.state, findings.map((found) => diagnostic(view, found)))),
    show(number) {
      const place = lineAt(view.state, number).from;
      view.dispatch({ selection: { anchor: place }, effects: EditorView.scrollIntoView(place, { y: "center" }) });
      view.focus();
    },
  };
}

function diagnostic(view, { level, line: number, column, endColumn, message, suggestion }) {
  const line = lineAt(view.state, number);
  const from = Math.min(line.from + column - 1, line.to);
  const to = endColumn === null ? line.to : Math.min(line.from + endColumn - 1, line.to);
  return { from, to: Math.max(from, to), severity: level, message: suggestion ? `${message}. ${suggestion}` : message };
}
