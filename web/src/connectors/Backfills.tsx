import { Button, Field, Input, ProgressBar, Select } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { Backfill } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { useMay } from "../app/settings";
import { formatCount } from "../format/number";
import { formatDuration } from "../format/time";
import { text } from "../text/en";
import { Ago, Instant } from "../ui/parts";
import { ErrorBar, FailureView, LoadingRows, StaleBar } from "../ui/states";
import { backfillLeft, backfillRequest, backfillShare, usualForm } from "./backfills";

const t = text.backfills;
const every = 3000;

/** Searches of the past: how far they are, and a form that starts one. */
export function Backfills({ tenants, now }: { tenants: { id: string; name: string }[]; now: number }) {
  const list = useResource("backfills", api.backfills, every);
  const may = useMay("Contributor");
  return (
    <section className="panel backfills" aria-label={t.title}>
      <div><h2>{t.title}</h2><p className="muted small">{t.detail}</p></div>
      {may && tenants.length > 0 && <Start tenants={tenants} now={now} onStarted={list.reload} />}
      {list.data && <StaleBar error={list.error} onRetry={list.reload} />}
      {list.data ? (
        list.data.backfills.length > 0 ? <List backfills={list.data.backfills} now={now} /> : <p className="muted">{t.none}</p>
      ) : list.error ? <FailureView error={list.error} onRetry={list.reload} /> : <LoadingRows rows={2} />}
    </section>
  );
}

function Start({ tenants, now, onStarted }: { tenants: { id: string; name: string }[]; now: number; onStarted: () => void }) {
  const [form, setForm] = useState(() => usualForm(tenants[0]!.id, now));
  const { error, busy, attempt } = useAttempt();
  const request = backfillRequest(form);
  const submit = () => request && attempt(async () => {
    await api.startBackfill(request);
    onStarted();
  });
  return (
    <form className="backfill-form" onSubmit={(e) => { e.preventDefault(); void submit(); }}>
      {tenants.length > 1 && (
        <Field label={t.tenant}>
          <Select value={form.tenant} onChange={(_, d) => setForm({ ...form, tenant: d.value })}>
            {tenants.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
          </Select>
        </Field>
      )}
      <Field label={t.from}><Input type="date" value={form.from} onChange={(_, d) => setForm({ ...form, from: d.value })} /></Field>
      <Field label={t.to}><Input type="date" value={form.to} onChange={(_, d) => setForm({ ...form, to: d.value })} /></Field>
      <Button type="submit" appearance="primary" disabled={busy || !request}>{t.start}</Button>
      <ErrorBar error={error} className="backfill-error" />
    </form>
  );
}

function List({ backfills, now }: { backfills: Backfill[]; now: number }) {
  return (
    <div className="table-frame table-frame-inner">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t.tenant}</th><th scope="col">{t.span}</th><th scope="col">{t.state}</th><th scope="col">{t.progress}</th>
            <th scope="col" className="right">{t.queries}</th><th scope="col" className="right">{t.found}</th><th scope="col" className="right">{t.added}</th>
          </tr>
        </thead>
        <tbody>{backfills.map((b) => <Row key={b.id} backfill={b} now={now} />)}</tbody>
      </table>
    </div>
  );
}

function Row({ backfill: b, now }: { backfill: Backfill; now: number }) {
  const share = backfillShare(b);
  const left = backfillLeft(b, now);
  const percent = `${Math.floor(share * 100)} %`;
  const notes = [b.error, b.problem, ...b.missing.map((m) => t.missing(m.from.slice(0, 16), m.to.slice(0, 16), m.reason))].filter(Boolean);
  return (
    <>
      <tr className={notes.length > 0 ? "row-with-more" : undefined}>
        <td>{b.tenantName || b.tenantId}</td>
        <td className="nowrap"><Instant at={b.from} /> – <Instant at={b.to} /></td>
        <td className="nowrap">{t.states[b.state] ?? b.state} <span className="muted small"><Ago at={b.ended ?? b.started} now={now} /></span></td>
        <td className="backfill-progress">
          <ProgressBar value={share} aria-label={`${t.progress}: ${percent}`} />
          <span className="muted small numeric">{percent}{left === undefined ? "" : `, ${t.left(formatDuration(left))}`}</span>
        </td>
        <td className="right numeric">{formatCount(b.queries)}</td>
        <td className="right numeric">{formatCount(b.found)}</td>
        <td className="right numeric">{formatCount(b.added)}</td>
      </tr>
      {notes.length > 0 && <tr className="connector-error"><td colSpan={7}><div className="connector-error-box">{notes.map((n) => <p key={n}>{n}</p>)}</div></td></tr>}
    </>
  );
}
