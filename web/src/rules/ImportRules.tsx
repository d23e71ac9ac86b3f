import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field } from "@fluentui/react-components";
import { useState } from "react";
import { api, explain } from "../api/client";
import { text } from "../text/en";

const t = text.ruleImport;

/** What became of a file. */
interface Outcome { file: string; name?: string; why?: string }

/** Takes in rules from files or from all files of a folder, each checked by the server, and says how each fared. */
export function ImportRules({ onClose, onImported }: { onClose: () => void; onImported: () => void }) {
  const [files, setFiles] = useState<File[]>([]);
  const [skipped, setSkipped] = useState(0);
  const [outcomes, setOutcomes] = useState<Outcome[]>();
  const [busy, setBusy] = useState(false);
  const choose = (list: FileList | null) => {
    const all = [...(list ?? [])];
    const rules = all.filter((f) => /\.ya?ml$/i.test(f.name));
    setFiles(rules);
    setSkipped(all.length - rules.length);
    setOutcomes(undefined);
  };
  const run = async () => {
    setBusy(true);
    const found: Outcome[] = [];
    for (const file of files) {
      const name = file.webkitRelativePath || file.name;
      try {
        found.push({ file: name, name: (await api.saveRule(await file.text())).name });
      } catch (cause) {
        const error = explain(cause);
        found.push({ file: name, why: [error.message, ...error.diagnostics.map((d) => `${text.logs.place(d.line, d.column)}: ${d.message}`)].join(" ") });
      }
      setOutcomes([...found]);
    }
    setBusy(false);
    onImported();
  };
  const taken = outcomes?.filter((o) => o.name !== undefined).length ?? 0;
  return (
    <Dialog open onOpenChange={(_, d) => !d.open && !busy && onClose()}>
      <DialogSurface className="rule-dialog">
        <DialogBody>
          <DialogTitle>{t.title}</DialogTitle>
          <DialogContent>
            <div className="rule-form">
              <p className="muted">{t.detail} <code className="mono">quoll rules import</code></p>
              <Field label={t.files}><input type="file" multiple accept=".yaml,.yml" aria-label={t.files} onChange={(e) => choose(e.target.files)} /></Field>
              <Field label={t.folder}><input type="file" aria-label={t.folder} ref={(input) => input?.setAttribute("webkitdirectory", "")} onChange={(e) => choose(e.target.files)} /></Field>
              {files.length + skipped > 0 && <p role="status">{outcomes ? t.taken(taken, files.length) : t.chosen(files.length, skipped)}</p>}
              {outcomes && (
                <ul className="rule-imports" aria-label={t.report}>
                  {outcomes.map((o) => <li key={o.file}><strong className={o.name === undefined ? "bad" : "good"}>{o.name === undefined ? t.refused : t.runs}</strong> <span>{o.name ?? o.file}{o.why && <span className="muted small"> {o.why}</span>}</span></li>)}
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
