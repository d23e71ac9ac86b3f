import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { ImportedDashboard } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { linkTo } from "../app/router";
import { text } from "../text/en";
import { ErrorBar } from "../ui/states";

const t = text.dashboards.import;

/** Makes a dashboard of a workbook of Sentinel, and says what of it was not taken. */
export function ImportDashboard({ open, onClose, onImported }: { open: boolean; onClose: () => void; onImported: () => void }) {
  const [file, setFile] = useState<File>();
  const [made, setMade] = useState<ImportedDashboard>();
  const { error, busy, attempt } = useAttempt(onImported);
  const run = () => attempt(async () => setMade(await api.importDashboard(file!.name, await file!.text())));
  return (
    <Dialog open={open} onOpenChange={(_, d) => !d.open && !busy && onClose()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{t.title}</DialogTitle>
          <DialogContent className="dashboard-import">
            <p className="muted">{t.detail} <code className="mono">quoll dashboards import</code></p>
            <Field label={t.file}><input type="file" accept=".json,.yaml,.yml" aria-label={t.file} onChange={(e) => { setFile(e.target.files?.[0]); setMade(undefined); }} /></Field>
            <ErrorBar error={error} />
            {made && <p role="status">{t.made(made.title, made.tiles)} <a {...linkTo("/dashboards/" + encodeURIComponent(made.id))}>{t.look}</a></p>}
            {made && <Told title={t.omitted} lines={made.omitted.map((o) => `${o.step}: ${o.reason}`)} />}
            {made && <Told title={t.mistakes} lines={made.mistakes} />}
          </DialogContent>
          <DialogActions>
            <Button disabled={busy} onClick={onClose}>{text.close}</Button>
            <Button appearance="primary" disabled={busy || !file || made !== undefined} onClick={() => void run()}>{busy ? t.running : t.run}</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}

function Told({ title, lines }: { title: string; lines: string[] }) {
  if (lines.length === 0) return null;
  return <><h3>{title}</h3><ul className="dashboard-told">{lines.map((line) => <li key={line} className="small">{line}</li>)}</ul></>;
}
