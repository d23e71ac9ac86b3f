// Microsoft's editor with Microsoft's Kusto language service, loaded on demand.
// The whole editor comes first: the Kusto part starts it when it is loaded, and
// what registers later is unknown to it ("depends on UNKNOWN service").
import * as monaco from "monaco-editor/esm/vs/editor/edcore.main";
import { getKustoWorker, kustoDefaults, themeNames, type EngineSchema } from "@kusto/monaco-kusto/release/esm/monaco.contribution";
import KustoWorker from "@kusto/monaco-kusto/release/esm/kusto.worker?worker";
import EditorWorker from "monaco-editor/esm/vs/editor/editor.worker?worker";
import type { Diagnostic, Schema } from "../api/types";

self.MonacoEnvironment = {
  getWorker: (_, label) => (label === "kusto" ? new KustoWorker() : new EditorWorker()),
};

kustoDefaults.setLanguageSettings({
  ...kustoDefaults.languageSettings,
  includeControlCommands: false, // Quoll answers queries, not commands
  newlineAfterPipe: false,
  // Colours at once by words; by meaning as soon as the worker has the schema.
  useTokenColorization: true,
  enableHover: true,
});

/** The languages' themes on the ground of the page. Every colour keeps 4.5 to 1 on
 * the current line where a repeated selection is marked, too. */
monaco.editor.defineTheme("quoll-light", {
  base: "vs", inherit: true,
  rules: [
    { token: "comment", foreground: "436b32" }, { token: "string", foreground: "a31515" }, { token: "number", foreground: "7a3e9d" },
    { token: "keyword", foreground: "0b5fa5" }, { token: "function", foreground: "0b5fa5" }, { token: "type", foreground: "0b5fa5" },
    { token: "operator.sql", foreground: "b5420a" }, { token: "variable", foreground: "a0306a" }, { token: "variable.predefined", foreground: "7b2fa0" },
    { token: "variable.parameter", foreground: "8a3fb8" },
  ],
  colors: { "editor.background": "#ffffff", "editor.lineHighlightBackground": "#f5f9fa", "editor.selectionHighlightBackground": "#add6ff60", "editorLineNumber.foreground": "#8a8f94", "editorError.foreground": "#c50f1f" },
});
monaco.editor.defineTheme("quoll-dark", {
  base: "vs-dark", inherit: true,
  rules: [
    { token: "comment", foreground: "8fbf78" }, { token: "string", foreground: "e0a080" }, { token: "number", foreground: "d0b0ff" },
    { token: "keyword", foreground: "6fb7f0" }, { token: "function", foreground: "e2dca4" }, { token: "type", foreground: "6fb7f0" },
    { token: "operator.sql", foreground: "f0a070" }, { token: "variable", foreground: "6fd6c0" }, { token: "variable.predefined", foreground: "c9a0f0" },
    { token: "variable.parameter", foreground: "c9a0f0" },
  ],
  colors: { "editor.background": "#292929", "editor.lineHighlightBackground": "#313538", "editor.selectionHighlightBackground": "#add6ff14", "editorLineNumber.foreground": "#8f9499", "editorError.foreground": "#ff6b6b" },
});
export const themes = { light: "quoll-light", dark: "quoll-dark", fallback: themeNames.light };

/** Teaches the language service the tables, so that it completes and checks. */
export async function teach(schema: Schema, model: monaco.editor.ITextModel) {
  const accessor = await getKustoWorker();
  const worker = await accessor(model.uri);
  await worker.setSchema(engineSchema(schema));
}

/**
 * Lets go of a closed tab's text once the language service has answered what it was
 * asked about it: it looks for the text of each of its answers, and breaks without.
 */
export function letGo(model: monaco.editor.ITextModel) {
  monaco.editor.setModelLanguage(model, "plaintext"); // it asks nothing more
  window.setTimeout(() => void answered(model).finally(() => model.isDisposed() || model.dispose()), 1000);
}

/** The service answers in order. */
async function answered(model: monaco.editor.ITextModel) {
  const worker = await (await getKustoWorker())(model.uri);
  await worker.doValidation(model.uri.toString(), []);
}

/** Quoll's schema in the language service's form. Aliases are columns to it. */
export function engineSchema(schema: Schema): EngineSchema {
  const database = {
    name: schema.database, majorVersion: 1, minorVersion: 0, entityGroups: [],
    tables: schema.tables.map((table) => ({
      name: table.name, docstring: table.description, entityType: "Table" as const,
      columns: [
        ...table.columns.map((c) => ({ name: c.name, type: c.type, docstring: c.description })),
        ...Object.entries(table.aliases ?? {}).map(([alias, name]) => ({
          name: alias, type: table.columns.find((c) => c.name === name)?.type ?? "string", docstring: `Another name of ${name}`,
        })),
      ],
    })),
    functions: schema.functions.filter((f) => f.kind === "saved").map((f) => ({
      name: f.name, docstring: f.description, body: f.body || "{ }",
      inputParameters: f.parameters.map((p) => ({ name: p.name, type: p.type, cslType: p.type, cslDefaultValue: p.default })),
    })),
  };
  return { clusterType: "Engine", cluster: { connectionString: "https://quoll", databases: [database] }, database };
}

const owner = "quoll";

/** Underlines what Quoll's own compiler found; shift is where the text that was
 * run begins in the editor. */
export function underline(model: monaco.editor.ITextModel, diagnostics: Diagnostic[], shift: number) {
  monaco.editor.setModelMarkers(model, owner, diagnostics.map((d) => {
    const start = model.getPositionAt(d.start + shift);
    const end = model.getPositionAt(Math.max(d.end, d.start + 1) + shift);
    return {
      severity: monaco.MarkerSeverity.Error, message: d.remedy ? `${d.message}\n${d.remedy}` : d.message, source: "Quoll",
      startLineNumber: start.lineNumber, startColumn: start.column, endLineNumber: end.lineNumber, endColumn: end.column,
    };
  }));
}

export { monaco };
