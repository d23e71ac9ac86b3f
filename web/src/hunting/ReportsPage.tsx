import { Button, Field, Input } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { Investigation } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { utcInstant } from "../archive/progress";
import { linkTo } from "../app/router";
import { useMay } from "../app/settings";
import { formatCount } from "../format/number";
import { text } from "../text/en";
import { keptText } from "../text/kept";
import { MailInboxRegular } from "../ui/icons";
import { Instant, PageHeader } from "../ui/parts";
import { EmptyView, ErrorBar, FailureView, LoadingRows, StaleBar } from "../ui/states";
import { useFile } from "../ui/useFile";
import "./hunting.css";

const t = keptText.reports;

/** Mailbox exposure reports: those that were made or are in the making, and a further one. */
export default function ReportsPage() {
  const all = useResource("investigations", api.investigations, 3_000);
  const may = useMay("Responder");
  const { error, attempt } = useAttempt(all.reload);
  const file = useFile();
  return (
    <div className="page">
      <PageHeader before={<nav className="crumbs" aria-label={text.breadcrumb}><a {...linkTo("/hunting")}>{text.hunting.title}</a></nav>} title={t.title} detail={t.detail} />
      {all.data ? (
        <>
          <StaleBar error={all.error} onRetry={all.reload} />
          <ErrorBar error={error} />
          {file.outcome}
          {may ? <Start onStart={(r) => attempt(() => api.startInvestigation(r))} /> : <p className="muted">{text.noPermission.change(text.roles.Responder!)}</p>}
          {all.data.length === 0 ? <EmptyView icon={<MailInboxRegular />} title={t.emptyTitle} detail={t.emptyDetail} /> : all.data.map((one) => (
            <Report key={one.id} one={one} may={may} onTake={(format) => void file.fetchFile(() => api.investigationReport(one.id, format))} onRemove={() => void attempt(() => api.removeInvestigation(one.id))} />
          ))}
        </>
      ) : all.error ? <FailureView error={all.error} onRetry={all.reload} /> : <LoadingRows rows={4} />}
    </div>
  );
}

function Report({ one, may, onTake, onRemove }: { one: Investigation; may: boolean; onTake: (format: "html" | "json") => void; onRemove: () => void }) {
  return (
    <section className="panel" aria-label={one.user}>
      <div className="question-head">
        <div><h2>{one.user}</h2><p className="muted small"><Instant at={one.from} /> – <Instant at={one.to} />{one.address && ` · ${one.address}`}{one.session && ` · ${one.session}`} · {t.by} {one.by}</p></div>
        <span className="hunting-actions">
          <span role="status" className={one.state === "failed" ? "bad" : "muted"}>{t.states[one.state] ?? one.state}{one.state === "running" && `, ${t.of(one.done, one.total)}`}</span>
          {one.state === "done" && <Button size="small" aria-label={t.take(t.html, one.user)} onClick={() => onTake("html")}>{t.html}</Button>}
          {one.state === "done" && <Button size="small" aria-label={t.take(t.json, one.user)} onClick={() => onTake("json")}>{t.json}</Button>}
          <Button size="small" appearance="subtle" disabled={!may} aria-label={t.removeOf(one.user)} onClick={onRemove}>{t.remove}</Button>
        </span>
      </div>
      {one.error && <p className="bad">{one.error}</p>}
      {one.sections.length > 0 && (
        <div className="table-frame table-frame-inner">
          <table className="table" aria-label={t.open(one.user)}>
            <thead><tr><th scope="col">{t.section}</th><th scope="col" className="right">{t.rows}</th><th scope="col">{t.hash}</th></tr></thead>
            <tbody>{one.sections.map((s) => <tr key={s.title}><td>{s.title}<div className="muted small">{s.says}</div></td><td className="right numeric">{formatCount(s.rows)}{s.truncated && <div className="muted small">{t.truncated}</div>}</td><td className="mono small">{s.sha256.slice(0, 16)}…</td></tr>)}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Start({ onStart }: { onStart: (r: { user: string; from: string; to: string; session?: string; address?: string }) => Promise<boolean> }) {
  const [form, setForm] = useState({ user: "", from: "", to: "", session: "", address: "" });
  const set = (name: keyof typeof form) => (_: unknown, d: { value: string }) => setForm((old) => ({ ...old, [name]: d.value }));
  const from = utcInstant(form.from);
  const to = utcInstant(form.to);
  const whole = form.user.trim() !== "" && from && to && from < to;
  const submit = async () => {
    if (await onStart({ user: form.user.trim(), from: from!, to: to!, ...(form.session.trim() && { session: form.session.trim() }), ...(form.address.trim() && { address: form.address.trim() }) })) setForm({ ...form, user: "" });
  };
  return (
    <form className="panel inline-form" onSubmit={(e) => { e.preventDefault(); void submit(); }}>
      <Field label={t.user}><Input placeholder={t.userHint} value={form.user} onChange={set("user")} /></Field>
      <Field label={t.from}><Input type="datetime-local" value={form.from} onChange={set("from")} /></Field>
      <Field label={t.to}><Input type="datetime-local" value={form.to} onChange={set("to")} /></Field>
      <Field label={t.session}><Input placeholder={t.optional} value={form.session} onChange={set("session")} /></Field>
      <Field label={t.address}><Input placeholder={t.optional} value={form.address} onChange={set("address")} /></Field>
      <Button appearance="primary" type="submit" disabled={!whole}>{t.run}</Button>
    </form>
  );
}
