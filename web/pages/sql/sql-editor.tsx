import { autocompletion, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { PostgreSQL, sql } from '@codemirror/lang-sql';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { Compartment, EditorState } from '@codemirror/state';
import { EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef, useState } from 'react';

const HIGHLIGHT = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--accent)', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--syn-s)' },
  { tag: [tags.number, tags.bool], color: 'var(--syn-n)' },
  { tag: [tags.function(tags.variableName), tags.standard(tags.name), tags.typeName], color: 'var(--syn-f)' },
  { tag: tags.comment, color: 'var(--text-3)' },
]);

const THEME = EditorView.theme({
  '&': { fontSize: '13.5px', color: 'var(--text)', background: 'var(--surface)', maxHeight: '40vh' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '21px', fontVariantLigatures: 'none', overflow: 'auto' },
  '.cm-gutters': { background: 'var(--surface)', color: 'var(--text-3)', border: '0', minWidth: '44px' },
  '.cm-activeLine, .cm-activeLineGutter': { background: 'var(--sunken)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-tooltip': { background: 'var(--raised)', border: '1px solid var(--line-2)', color: 'var(--text)' },
});

interface QueryTable {
  readonly name: string;
  readonly columns: readonly { readonly name: string }[];
}

/** Keywords, and tables and their columns once they are known. */
function language(tables: readonly QueryTable[] | undefined) {
  const schema = Object.fromEntries((tables ?? []).map(({ columns, name }) => [name, columns.map((one) => one.name)]));
  return sql({ dialect: PostgreSQL, upperCaseKeywords: true, schema });
}

interface EditorProps {
  readonly value: string;
  /** What is completed; undefined while it is not known. */
  readonly tables: readonly QueryTable[] | undefined;
  readonly onChange: (sql: string) => void;
  readonly onRun: () => void;
}

/** CodeMirror, in a shadow tree: there its styles are adopted sheets, which the page's policy allows. */
export default function SqlEditor({ onChange, onRun, tables, value }: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useRef({ onChange, onRun });
  latest.current = { onChange, onRun };
  const first = useRef(value);
  const [completing] = useState(() => new Compartment());
  useEffect(() => {
    const { current: element } = host;
    if (element === null) return;
    const root = element.shadowRoot ?? element.attachShadow({ mode: 'open' });
    const run = () => {
      latest.current.onRun();
      return true;
    };
    const made = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: first.current,
        extensions: [
          keymap.of([{ key: 'Mod-Enter', run }, ...completionKeymap, ...defaultKeymap, ...historyKeymap]),
          lineNumbers(),
          history(),
          highlightActiveLine(),
          autocompletion(),
          completing.of(language(undefined)),
          syntaxHighlighting(HIGHLIGHT),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': 'Query' }),
          EditorView.updateListener.of(({ docChanged, state }) => {
            if (docChanged) latest.current.onChange(state.doc.toString());
          }),
          THEME,
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, [completing]);
  useEffect(() => {
    view.current?.dispatch({ effects: completing.reconfigure(language(tables)) });
  }, [tables, completing]);
  useEffect(() => {
    const { current } = view;
    if (current === null || current.state.doc.toString() === value) return;
    current.dispatch({ changes: { from: 0, to: current.state.doc.length, insert: value } });
  }, [value]);
  return <div ref={host} className="cm-host" />;
}
