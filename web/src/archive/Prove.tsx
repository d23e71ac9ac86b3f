import { Button, Field, Input } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import { useResource } from "../api/useResource";
import { useMay } from "../app/settings";
import { archiveText as t } from "../text/archive";
import { text } from "../text/en";
import { useFile } from "../ui/useFile";
import { Panel } from "./Panel";
import { utcInstant } from "./progress";

/** The evidence of one record as a file. */
export function ProveRecord() {
  const [id, setID] = useState("");
  const may = useMay("Responder");
  const file = useFile();
  return (
    <Panel title={t.prove.title}>
      <p className="muted small">{t.prove.hint}</p>
      <form className="archive-form" onSubmit={(e) => { e.preventDefault(); void file.fetchFile(() => api.evidence(id.trim())); }}>
        <Field label={t.prove.id} hint={t.prove.idHint}><Input value={id} onChange={(_, d) => setID(d.value)} /></Field>
        <Button type="submit" disabled={!may || file.busy || id.trim() === ""}>{t.prove.run}</Button>
        {!may && <p className="muted small">{t.task.may(text.roles["Responder"]!)}</p>}
      </form>
      {file.outcome}
    </Panel>
  );
}

/** The proof that there is no record of a kind, as a file. */
export function ProveAbsence() {
  const [form, setForm] = useState({ tenant: "", operation: "", subject: "", from: "", to: "" });
  const may = useMay("Responder");
  const file = useFile();
  const known = useResource("connectors", api.connectors);
  const tenants = [...new Map(known.data?.connectors.filter((c) => c.tenantId).map((c) => [c.tenantId, c.tenantName || c.tenantId]))];
  const set = (name: keyof typeof form) => (_: unknown, d: { value: string }) => setForm((old) => ({ ...old, [name]: d.value }));
  const from = utcInstant(form.from);
  const to = utcInstant(form.to);
  const whole = form.tenant.trim() && form.operation.trim() && form.subject.trim() && from && to && from < to;
  const submit = () => file.fetchFile(() => api.absence({ tenant: form.tenant.trim(), operation: form.operation.trim(), subject: form.subject.trim(), from: from!, to: to! }));
  return (
    <Panel title={t.absence.title}>
      <p className="muted small">{t.absence.hint}</p>
      <form className="archive-form" onSubmit={(e) => { e.preventDefault(); void submit(); }}>
        <Field label={t.absence.operation}><Input value={form.operation} placeholder="New-InboxRule" onChange={set("operation")} /></Field>
        <Field label={t.absence.subject} hint={t.absence.subjectHint}><Input value={form.subject} onChange={set("subject")} /></Field>
        <Field label={t.absence.tenant}><Input value={form.tenant} list="archive-tenants" onChange={set("tenant")} /></Field>
        <datalist id="archive-tenants">{tenants.map(([id, name]) => <option key={id} value={id}>{name}</option>)}</datalist>
        <div className="archive-times">
          <Field label={t.absence.from}><Input type="datetime-local" value={form.from} onChange={set("from")} /></Field>
          <Field label={t.absence.to}><Input type="datetime-local" value={form.to} onChange={set("to")} /></Field>
        </div>
        <Button type="submit" disabled={!may || file.busy || !whole}>{t.absence.run}</Button>
      </form>
      {file.outcome}
    </Panel>
  );
}
