"use strict";
// Reads lines {"id", "query", "tables": {name: schema}} and writes for each what
// Microsoft's binder says: {"id", "columns"} or {"id", "errors"}.
const path = require("node:path"), readline = require("node:readline");
const folder = path.resolve(process.argv[2]);
require(path.join(folder, "bridge.min.js"));
require(path.join(folder, "Kusto.Language.Bridge.min.js"));
const { KustoCode, GlobalState, Symbols } = Kusto.Language;
const all = (list) => Array.from({ length: list.Count ?? list.length }, (_, i) => list.getItem ? list.getItem(i) : list[i]);
let known = new Map();
function globals(tables) {
  const key = JSON.stringify(tables ?? {});
  let g = known.get(key);
  if (!g) {
    const members = Object.entries(tables ?? {}).map(([name, schema]) => Symbols.TableSymbol.From(schema).WithName(name));
    g = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("db", members));
    if (known.size > 100) known.clear();
    known.set(key, g);
  }
  return g;
}
function columnsOf(type) {
  if (!type) return null;
  if (type.Columns) return all(type.Columns).map((c) => c.Name + ":" + (c.Type?.Name ?? "unknown"));
  return null;
}
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  if (!line.trim()) return;
  const { id, query, tables } = JSON.parse(line);
  const out = { id };
  try {
    const code = KustoCode.ParseAndAnalyze(query, globals(tables));
    const errors = all(code.GetDiagnostics()).filter((d) => d.Severity === "Error").map((d) => d.Message);
    if (errors.length) out.errors = errors;
    else { out.columns = columnsOf(code.ResultType); if (!out.columns) out.type = code.ResultType?.Name ?? null; }
  } catch (e) { out.errors = ["crash: " + e]; }
  console.log(JSON.stringify(out));
});
