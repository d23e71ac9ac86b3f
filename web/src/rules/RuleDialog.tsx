import {
  Button, Checkbox, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input, Select, SpinButton, Textarea,
} from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { ResultColumn, Severity } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { text } from "../text/en";
import { tacticName } from "../ui/parts";
import { tactics as tacticNames } from "./attack";
import "./rules.css";
import { ruleQuery, ruleYaml, suggestEntities, type Draft } from "./draft";
import { Backtest } from "./Backtest";

const t = text.ruleDraft;

const frequencies = ["5m", "15m", "1h", "6h", "1d"];
const periods = ["5m", "15m", "1h", "6h", "1d", "7d", "14d"];
const severities: Severity[] = ["High", "Medium", "Low", "Informational"];

function draftOf(query: string, title: string, columns: ResultColumn[]): Draft {
  return {
    id: crypto.randomUUID(), name: title, description: "", severity: "Medium", frequency: "5m", period: "1h", threshold: 0, perRow: false,
    tactics: [], entities: suggestEntities(columns), query: ruleQuery(query),
  };
}

interface Props { open: boolean; query: string; title: string; columns: ResultColumn[]; onClose: () => void; onSaved: (name: string) => void }

/** Makes a detection rule of a query: a form, and the file that becomes of it, which can be changed by hand. */
export default function RuleDialog({ open, query, title, columns, onClose, onSaved }: Props) {
  const [draft, setDraft] = useState(() => draftOf(query, title, columns));
  const [yaml, setYaml] = useState<string>(); // set once it is changed by hand
  const { error, busy: saving, attempt } = useAttempt();
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const file = yaml ?? ruleYaml(draft);
  const save = () => attempt(async () => onSaved((await api.saveRule(file)).name));
  return (
    <Dialog open={open} onOpenChange={(_, d) => !d.open && onClose()}>
      <DialogSurface className="rule-dialog">
        <DialogBody>
          <DialogTitle>{t.title}</DialogTitle>
          <DialogContent>
            <div className="rule-draft">
              <fieldset disabled={yaml !== undefined} className="rule-form">
                <Field label={t.name} required><Input value={draft.name} maxLength={200} onChange={(_, d) => change({ name: d.value })} /></Field>
                <Field label={t.description}><Textarea value={draft.description} rows={2} onChange={(_, d) => change({ description: d.value })} /></Field>
                <div className="rule-form-row">
                  <Choice label={t.severity} value={draft.severity} options={severities} onChange={(severity) => change({ severity: severity as Severity })} />
                  <Choice label={t.frequency} value={draft.frequency} options={frequencies} onChange={(frequency) => change({ frequency, period: longer(draft.period, frequency) })} />
                  <Choice label={t.period} value={draft.period} options={periods.slice(periods.indexOf(draft.frequency))} onChange={(period) => change({ period })} />
                </div>
                <Field label={t.threshold}><SpinButton min={0} max={1_000_000} value={draft.threshold} onChange={(_, d) => change({ threshold: Math.max(0, Math.round(d.value ?? Number(d.displayValue) ?? 0) || 0) })} /></Field>
                <Checkbox label={t.perRow} checked={draft.perRow} onChange={(_, d) => change({ perRow: d.checked === true })} />
                <Field label={t.tactics}>
                  <Select value={draft.tactics[0] ?? ""} onChange={(_, d) => change({ tactics: d.value ? [d.value] : [] })}>
                    <option value="">{t.noTactic}</option>
                    {tacticNames.map((name) => <option key={name} value={name}>{tacticName(name)}</option>)}
                  </Select>
                </Field>
                <p className="muted">{draft.entities.length > 0 ? t.entities(draft.entities.map((e) => `${text.entity[e.kind] ?? e.kind} (${e.column})`).join(", ")) : t.noEntities}</p>
              </fieldset>
              <Field label={t.file} hint={yaml === undefined ? t.fileHint : t.byHand}>
                <Textarea className="rule-file" value={file} rows={20} resize="vertical" spellCheck={false} onChange={(_, d) => setYaml(d.value)} />
              </Field>
            </div>
            <Backtest rule={{ yaml: file }} />
            {error && (
              <div role="alert" className="rule-mistakes">
                <p className="bad">{error.message}</p>
                {error.diagnostics.map((d, i) => <p key={i} className="bad">{text.logs.place(d.line, d.column)}: {d.message} {d.remedy}</p>)}
              </div>
            )}
          </DialogContent>
          <DialogActions>
            <Button onClick={onClose}>{text.close}</Button>
            <Button appearance="primary" disabled={saving || (yaml === undefined && draft.name.trim() === "")} onClick={() => void save()}>{saving ? t.saving : t.save}</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}

/** A period is never shorter than the frequency: what lies between would never be seen. */
const longer = (period: string, frequency: string) => (periods.indexOf(period) < periods.indexOf(frequency) ? frequency : period);

function Choice({ label, value, options, onChange }: { label: string; value: string; options: string[]; onChange: (value: string) => void }) {
  return (
    <Field label={label}>
      <Select value={value} onChange={(_, d) => onChange(d.value)}>{options.map((o) => <option key={o} value={o}>{text.severity[o] ?? t.lengths[o] ?? o}</option>)}</Select>
    </Field>
  );
}
