import { Button, MessageBar, MessageBarBody, Select } from "@fluentui/react-components";
import { useState } from "react";
import { api, explain } from "../api/client";
import type { Classification, Incident, IncidentChange, Severity } from "../api/types";
import { useSession } from "../app/settings";
import { text } from "../text/en";

const t = text.incidents.bulk;

/** What is done with several incidents at once. Those that could not be changed stay chosen. */
export function Bulk({ incidents, onDone }: { incidents: Incident[]; onDone: (left: string[]) => void }) {
  const me = useSession().name;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const all = async (change: IncidentChange) => {
    setBusy(true);
    const left: string[] = [];
    let why = "";
    for (const one of incidents) {
      try {
        await api.changeIncident(one.id, change);
      } catch (cause) {
        left.push(one.id);
        why = explain(cause).message;
      }
    }
    setBusy(false);
    setProblem(left.length > 0 ? t.failed(left.length, why) : undefined);
    onDone(left);
  };
  return (
    <div className="panel bulk" role="toolbar" aria-label={t.label}>
      <strong className="numeric" role="status">{t.chosen(incidents.length)}</strong>
      <Button size="small" disabled={busy} onClick={() => void all({ owner: me })}>{t.take}</Button>
      <Button size="small" disabled={busy} onClick={() => void all({ status: "Active" })}>{t.activate}</Button>
      <Select size="small" aria-label={t.severity} disabled={busy} value="" onChange={(_, d) => void all({ severity: d.value as Severity })}>
        <option value="">{t.severity}</option>
        {Object.entries(text.severity).map(([value, label]) => <option key={value} value={value}>{label}</option>)}
      </Select>
      <Select size="small" aria-label={t.close} disabled={busy} value="" onChange={(_, d) => void all({ status: "Closed", classification: d.value as Classification })}>
        <option value="">{t.close}</option>
        {Object.entries(text.classification).map(([value, label]) => <option key={value} value={value}>{label}</option>)}
      </Select>
      <Button size="small" appearance="subtle" disabled={busy} onClick={() => onDone([])}>{t.clear}</Button>
      {problem && <MessageBar intent="error"><MessageBarBody>{problem}</MessageBarBody></MessageBar>}
    </div>
  );
}
