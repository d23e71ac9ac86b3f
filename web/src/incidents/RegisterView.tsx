import { Button, Field, Input, Textarea } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { Register, ReportClock } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { useMay } from "../app/settings";
import { formatDuration } from "../format/time";
import { text } from "../text/en";
import { Instant, useNow } from "../ui/parts";
import { ErrorBar, FailureView, LoadingRows } from "../ui/states";

const t = text.register;

/** What the register of incidents holds of one: its fields, its clocks, and the report. */
export function RegisterView({ id }: { id: string }) {
  const register = useResource("register " + id, (signal) => api.register(id, signal), 60_000);
  if (!register.data) return register.error ? <FailureView error={register.error} onRetry={register.reload} /> : <LoadingRows rows={4} />;
  return <Fields key={id} id={id} register={register.data} onChanged={register.replace} />;
}

function Fields({ id, register, onChanged }: { id: string; register: Register; onChanged: (r: Register) => void }) {
  const [edited, setEdited] = useState<{ description?: string; actions?: string }>({});
  const [reference, setReference] = useState("");
  const [report, setReport] = useState<string>();
  const { error, attempt } = useAttempt();
  const may = useMay("Responder");
  const save = () => attempt(async () => {
    onChanged(await api.changeRegister(id, edited));
    setEdited({});
  });
  const tell = (to: string) => attempt(async () => {
    onChanged(await api.addReport(id, to, reference.trim()));
    setReference("");
  });
  return (
    <section className="panel register" aria-label={t.title}>
      <ErrorBar error={error} />
      <dl className="facts facts-row">
        <div><dt>{t.occurred}</dt><dd><Instant at={register.occurred} /></dd></div>
        <div><dt>{t.discovered}</dt><dd><Instant at={register.discovered} /></dd></div>
        <div><dt>{t.missing}</dt><dd>{register.missing.length === 0 ? t.complete : register.missing.map((m) => t.fields[m] ?? m).join(", ")}</dd></div>
      </dl>
      <form onSubmit={(e) => { e.preventDefault(); void save(); }}>
        <Field label={t.description}><Textarea value={edited.description ?? register.description} resize="vertical" disabled={!may} onChange={(_, d) => setEdited({ ...edited, description: d.value })} /></Field>
        <Field label={t.actions}><Textarea value={edited.actions ?? register.actions} resize="vertical" disabled={!may} onChange={(_, d) => setEdited({ ...edited, actions: d.value })} /></Field>
        <Button type="submit" disabled={!may || Object.keys(edited).length === 0}>{t.save}</Button>
      </form>
      <h3>{t.clocks}</h3>
      <ul className="clock-list">
        {register.clocks.map((clock) => <Clock key={clock.name} clock={clock} may={may} onTold={() => void tell(clock.to)} />)}
      </ul>
      {may && <Field label={t.reference}><Input value={reference} maxLength={200} onChange={(_, d) => setReference(d.value)} /></Field>}
      {register.reports.length > 0 && (
        <>
          <h3>{t.reports}</h3>
          <ul>{register.reports.map((r, n) => <li key={n}>{r.to}, <Instant at={r.at} />, {r.by} {r.reference}</li>)}</ul>
        </>
      )}
      <Button onClick={() => void attempt(async () => setReport(await api.reportText(id)))}>{t.write}</Button>
      {report !== undefined && <pre className="report-text" tabIndex={0} aria-label={t.report}>{report}</pre>}
    </section>
  );
}

/** How long a clock runs, or ran, and until when it may. */
function Clock({ clock, may, onTold }: { clock: ReportClock; may: boolean; onTold: () => void }) {
  const now = useNow(10_000);
  const ran = (clock.done ? Date.parse(clock.done) : now) - Date.parse(clock.since);
  const late = clock.due && (clock.done ? Date.parse(clock.done) : now) > Date.parse(clock.due);
  return (
    <li className={late ? "clock clock-late" : "clock"}>
      <span className="clock-name">{clock.name} <span className="muted">{clock.control}</span></span>
      <span className="numeric">{clock.done ? t.toldAfter(formatDuration(ran / 1000)) : t.runsFor(formatDuration(ran / 1000))}</span>
      {clock.due && <span>{late ? t.late : t.due} <Instant at={clock.due} /></span>}
      {!clock.done && <Button size="small" disabled={!may} onClick={onTold}>{t.told(clock.to)}</Button>}
    </li>
  );
}
