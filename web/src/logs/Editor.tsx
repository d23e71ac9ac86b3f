import { useEffect, useImperativeHandle, useRef, type Ref } from "react";
import type { Diagnostic, Schema } from "../api/types";
import { useSettings } from "../app/settings";
import { text } from "../text/en";
import { letGo, monaco, teach, themes, underline } from "./monaco";

export interface EditorHandle {
  /** The selection, or the whole text; shift is where it begins. */
  runnable: () => { text: string; shift: number };
  insert: (text: string) => void;
  format: () => void;
  /** Moves to an offset of the text and takes the focus. */
  reveal: (offset: number) => void;
  focus: () => void;
}

interface Props {
  tab: string;
  /** The ids of all tabs; models of others are let go. */
  tabs: string[];
  value: string;
  schema: Schema | undefined;
  diagnostics: Diagnostic[];
  shift: number;
  onChange: (tab: string, text: string) => void;
  onRun: () => void;
  handle: Ref<EditorHandle>;
}

const modelUri = (tab: string) => monaco.Uri.parse(`inmemory://logs/${tab}.kql`);

/** One editor with a model per tab, so that each keeps its undo and its cursor. */
export default function Editor({ tab, tabs, value, schema, diagnostics, shift, onChange, onRun, handle }: Props) {
  const { scheme } = useSettings();
  const element = useRef<HTMLDivElement>(null);
  const editor = useRef<monaco.editor.IStandaloneCodeEditor | undefined>(undefined);
  const arrived = useRef(false);
  const views = useRef(new Map<string, monaco.editor.ICodeEditorViewState | null>());
  const latest = useRef({ tab, onChange, onRun });
  latest.current = { tab, onChange, onRun };

  useEffect(() => {
    const one = monaco.editor.create(element.current!, {
      model: null, automaticLayout: true, minimap: { enabled: false }, fontSize: 13.5, lineHeight: 21, scrollBeyondLastLine: false,
      fontFamily: '"Cascadia Code", Consolas, "SF Mono", Menlo, "Liberation Mono", "DejaVu Sans Mono", monospace',
      padding: { top: 10, bottom: 10 }, lineNumbersMinChars: 3, folding: true, renderLineHighlight: "line", fixedOverflowWidgets: true,
      wordWrap: "on", tabSize: 4, suggest: { showWords: false, preview: false }, quickSuggestions: true, ariaLabel: text.logs.editor,
      scrollbar: { verticalScrollbarSize: 10, horizontalScrollbarSize: 10, alwaysConsumeMouseWheel: false }, overviewRulerLanes: 0,
      accessibilitySupport: "auto", contextmenu: true,
    });
    const run = () => {
      one.trigger("quoll", "hideSuggestWidget", {});
      latest.current.onRun();
    };
    one.addAction({ id: "quoll.run", label: text.logs.run, keybindings: [monaco.KeyMod.Shift | monaco.KeyCode.Enter, monaco.KeyMod.CtrlCmd | monaco.KeyCode.Enter], run, contextMenuGroupId: "navigation", contextMenuOrder: 0 });
    one.onDidChangeModelContent(() => {
      const model = one.getModel();
      if (!model) return;
      underline(model, [], 0); // what was wrong may not be any more
      latest.current.onChange(latest.current.tab, model.getValue());
    });
    editor.current = one;
    return () => {
      // The models outlive the editor: they hold undo and the worker's state.
      one.setModel(null);
      one.dispose();
      editor.current = undefined;
    };
  }, []);

  useEffect(() => monaco.editor.setTheme(themes[scheme]), [scheme]);

  useEffect(() => {
    const one = editor.current!;
    const uri = modelUri(tab);
    // The language service colours and checks what changes, not what a model
    // begins with: so the text comes after.
    const model = monaco.editor.getModel(uri) ?? monaco.editor.createModel("", "kusto", uri);
    if (model.getValue() !== value) model.setValue(value);
    if (one.getModel() === model) return;
    one.setModel(model);
    one.restoreViewState(views.current.get(tab) ?? null);
    // The editor arrives late: whoever opened a menu meanwhile keeps the focus.
    if (arrived.current || document.activeElement === document.body || document.activeElement?.id === "main") one.focus();
    arrived.current = true;
    return () => {
      if (editor.current === one) views.current.set(tab, one.saveViewState());
    };
    // value is read only when the tab changes; typing flows the other way.
  }, [tab]);

  useEffect(() => {
    const kept = new Set(tabs.map((id) => modelUri(id).toString()));
    for (const model of monaco.editor.getModels()) {
      if (model.uri.scheme === "inmemory" && !kept.has(model.uri.toString())) letGo(model);
    }
  }, [tabs]);

  // A text that somebody else set: a sample, a link.
  useEffect(() => {
    const model = editor.current?.getModel();
    if (model && model.getValue() !== value) model.setValue(value);
  }, [value]);

  useEffect(() => {
    const model = editor.current?.getModel();
    if (!schema || !model) return;
    let stale = false;
    void teach(schema, model).then(() => {
      if (!stale) element.current?.setAttribute("data-schema", "ready");
    });
    return () => {
      stale = true;
    };
  }, [schema]);

  useEffect(() => {
    const model = editor.current?.getModel();
    if (model) underline(model, diagnostics, shift);
  }, [diagnostics, shift, tab]);

  useImperativeHandle(handle, () => ({
    runnable: () => {
      const model = editor.current?.getModel();
      const selection = editor.current?.getSelection();
      if (!model) return { text: "", shift: 0 };
      if (selection && !selection.isEmpty()) {
        return { text: model.getValueInRange(selection), shift: model.getOffsetAt(selection.getStartPosition()) };
      }
      return { text: model.getValue(), shift: 0 };
    },
    insert: (inserted) => {
      editor.current?.focus();
      editor.current?.trigger("quoll", "type", { text: inserted });
    },
    format: () => void editor.current?.getAction("editor.action.formatDocument")?.run(),
    reveal: (offset) => {
      const model = editor.current?.getModel();
      if (!model) return;
      const position = model.getPositionAt(offset);
      editor.current!.setPosition(position);
      editor.current!.revealPositionInCenterIfOutsideViewport(position);
      editor.current!.focus();
    },
    focus: () => editor.current?.focus(),
  }));

  return <div ref={element} className="editor" data-testid="editor" />;
}
