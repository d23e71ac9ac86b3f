import { Button, Field, Input } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { Hold, HoldScope } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { useMay, useSession } from "../app/settings";
import { text } from "../text/en";
import { keptText } from "../text/kept";
import { Instant } from "../ui/parts";
import { ErrorBar, FailureView, LoadingRows } from "../ui/states";
import { Panel } from "./Panel";

const t = keptText.holds;

/** What must not be removed or disposed of, by whose word, until another releases it. */
export function Holds() {
  const all = useResource("holds", api.holds);
  const may = useMay("Contributor");
  const { error, attempt } = useAttempt(all.reload);
  return (
    <Panel title={t.title}>
      <p className="muted small">{t.hint}</p>
      <ErrorBar error={error} />
      {all.data ? (
        all.data.length === 0 ? <p className="muted">{t.none}</p> : (
          <div className="table-frame">
            <table className="table">
              <thead><tr><th scope="col">{t.name}</th><th scope="col">{t.covers}</th><th scope="col">{t.by}</th><th scope="col">{t.state}</th><th scope="col"><span className="visually-hidden">{t.release}</span></th></tr></thead>
              <tbody>{all.data.map((h) => <Row key={h.id} hold={h} may={may} onRelease={(why) => attempt(() => api.releaseHold(h.id, why))} />)}</tbody>
            </table>
          </div>
        )
      ) : all.error ? <FailureView error={all.error} onRetry={all.reload} /> : <LoadingRows rows={2} />}
      {may ? <Add onAdd={(name, reason, scope) => attempt(() => api.addHold(name, reason, scope))} /> : <p className="muted small">{text.noPermission.change(text.roles.Contributor!)}</p>}
    </Panel>
  );
}

function covers(s: HoldScope): string {
  const day = (at: string | null) => at?.slice(0, 10) ?? t.ever;
  return [s.tenant, s.tables.join(", "), s.user, s.from || s.to ? t.span(day(s.from), day(s.to)) : ""].filter(Boolean).join(" · ") || t.everything;
}

function Row({ hold: h, may, onRelease }: { hold: Hold; may: boolean; onRelease: (why: string) => Promise<boolean> }) {
  const [why, setWhy] = useState<string>();
  const me = useSession().name;
  return (
    <tr>
      <td><strong>{h.name}</strong><div className="muted small">{h.reason}</div></td><td>{covers(h.scope)}</td><td>{h.by}, <Instant at={h.since} /></td>
      <td>{h.release ? <>{t.released(h.release.by)}<div className="muted small">{h.release.why}</div></> : <span className="good">{t.active}</span>}</td>
      <td className="right">
        {!h.release && (why === undefined ? (
          <Button size="small" disabled={!may || h.by === me} aria-label={t.releaseOf(h.name)} onClick={() => setWhy("")}>{t.release}</Button>
        ) : (
          <form className="inline-form" onSubmit={(e) => { e.preventDefault(); void onRelease(why.trim()); }}>
            <Input size="small" aria-label={t.why(h.name)} placeholder={t.why(h.name)} value={why} onChange={(_, d) => setWhy(d.value)} />
            <Button size="small" type="submit" disabled={why.trim() === ""}>{t.release}</Button>
          </form>
        ))}
      </td>
    </tr>
  );
}

function Add({ onAdd }: { onAdd: (name: string, reason: string, scope: HoldScope) => Promise<boolean> }) {
  const blank = { name: "", reason: "", tenant: "", tables: "", user: "", from: "", to: "" };
  const [form, setForm] = useState(blank);
  const set = (name: keyof typeof form) => (_: unknown, d: { value: string }) => setForm((old) => ({ ...old, [name]: d.value }));
  const at = (day: string) => (day ? day + "T00:00:00Z" : null);
  const submit = async () => {
    const scope = { tenant: form.tenant.trim(), tables: form.tables.split(",").map((x) => x.trim()).filter(Boolean), user: form.user.trim(), from: at(form.from), to: at(form.to) };
    if (await onAdd(form.name.trim(), form.reason.trim(), scope)) setForm(blank);
  };
  return (
    <form className="archive-form" aria-label={t.add} onSubmit={(e) => { e.preventDefault(); void submit(); }}>
      <h3>{t.add}</h3>
      <div className="archive-times">
        <Field label={t.name}><Input value={form.name} maxLength={100} onChange={set("name")} /></Field>
        <Field label={t.reason}><Input value={form.reason} maxLength={500} onChange={set("reason")} /></Field>
      </div>
      <div className="archive-times">
        <Field label={t.tenant}><Input value={form.tenant} onChange={set("tenant")} /></Field>
        <Field label={t.user}><Input value={form.user} onChange={set("user")} /></Field>
      </div>
      <Field label={t.tables} hint={t.tablesHint}><Input value={form.tables} onChange={set("tables")} /></Field>
      <div className="archive-times">
        <Field label={t.from}><Input type="date" value={form.from} onChange={set("from")} /></Field>
        <Field label={t.to}><Input type="date" value={form.to} onChange={set("to")} /></Field>
      </div>
      <Button type="submit" disabled={form.name.trim() === "" || form.reason.trim() === ""}>{t.addRun}</Button>
    </form>
  );
}
