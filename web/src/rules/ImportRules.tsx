import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field } from "@fluentui/react-components";
import { useState } from "react";
import { api, explain } from "../api/client";
import type { ImportedRule } from "../api/types";
import { text } from "../text/en";

const t = text.ruleImport;

/** What became of a rule, or of a file with none. */
interface Outcome { file: string; name: string; result: ImportedRule["result"]; why: string }

/** As the server has it. */
const mostBytes = 4 << 20;

async function importFile(file: File): Promise<Outcome[]> {
  const name = file.webkitRelativePath || file.name;
  const refused = (why: string): Outcome[] => [{ file: name, name: "", result: "cannot", why }];
  if (file.size > mostBytes) return refused(t.large);
  try {
    const rules = await api.importRules(name, await file.text());
    return rules.map((r) => ({ file: name, name: r.name, result: r.result, why: [...r.why, r.missing.length > 0 ? t.missing(r.missing.join(", ")) : ""].filter(Boolean).join(" ") }));
  } catch (cause) {
    return refused(explain(cause).message);
  }
}

const shade = { runs: "good", "runs with difference": "warn", cannot: "bad" };

/** Takes in rules from files or from all files of a folder, each checked by the server, and says how each fared. */
export function ImportRules({ open, onClose, onImported }: { open: boolean; onClose: () => void; onImported: () => void }) {
  const [files, setFiles] = useState<File[]>([]);
  const [skipped, setSkipped] = useState(0);
  const [outcomes, setOutcomes] = useState<Outcome[]>();
  const [without, setWithout] = useState(0);
  const [busy, setBusy] = useState(false);
  const choose = (list: FileList | null) => {
    const all = [...(list ?? [])];
    const rules = all.filter((f) => /\.(ya?ml|json)$/i.test(f.name));
    setFiles(rules);
    setSkipped(all.length - rules.length);
    setOutcomes(undefined);
    setWithout(0);
  };
  const run = async () => {
    setBusy(true);
    const found: Outcome[] = [];
    let none = 0;
    for (const file of files) {
      const of = await importFile(file);
      found.push(...of);
      if (of.length === 0) none++;
      setOutcomes([...found]);
      setWithout(none);
    }
    setBusy(false);
    onImported();
  };
  const taken = outcomes?.filter((o) => o.result !== "cannot").length ?? 0;
  return (
    <Dialog open={open} onOpenChange={(_, d) => !d.open && !busy && onClose()}>
      <DialogSurface className="rule-dialog">
        <DialogBody>
          <DialogTitle>{t.title}</DialogTitle>
          <DialogContent>
            <div className="rule-form">
              <p className="muted">{t.detail} <code className="mono">quoll rules import</code></p>
              <Field label={t.files}><input type="file" multiple accept=".yaml,.yml,.json" aria-label={t.files} onChange={(e) => choose(e.target.files)} /></Field>
              <Field label={t.folder}><input type="file" aria-label={t.folder} ref={(input) => input?.setAttribute("webkitdirectory", "")} onChange={(e) => choose(e.target.files)} /></Field>
              {files.length + skipped > 0 && <p role="status">{outcomes ? t.taken(taken, outcomes.length, without) : t.chosen(files.length, skipped)}</p>}
              {outcomes && (
                <ul className="rule-imports" aria-label={t.report}>
                  {outcomes.map((o, i) => <li key={i}><strong className={shade[o.result]}>{t.results[o.result]}</strong> <span>{o.name || o.file}{o.why && <span className="muted small"> {o.why}</span>}</span></li>)}
                </ul>
              )}
            </div>
          </DialogContent>
          <DialogActions>
            <Button disabled={busy} onClick={onClose}>{text.close}</Button>
            <Button appearance="primary" disabled={busy || files.length === 0 || outcomes !== undefined} onClick={() => void run()}>{busy ? t.importing : t.import}</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
