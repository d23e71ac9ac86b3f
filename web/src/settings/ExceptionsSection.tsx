import { Button, Field, Input, Select } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { Exception } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { useMay, useSession } from "../app/settings";
import { formatCount } from "../format/number";
import { text } from "../text/en";
import { keptText } from "../text/kept";
import { PauseCircleFilled } from "../ui/icons";
import { Instant } from "../ui/parts";
import { EmptyView, ErrorBar, FailureView, LoadingRows, StaleBar } from "../ui/states";

const t = keptText.exceptions;

/** What rules hold back, about what, until when, and by whose word. */
export default function ExceptionsSection() {
  const all = useResource("exceptions", api.exceptions);
  const rules = useResource("rules", api.rules);
  const may = useMay("Contributor");
  const me = useSession().name;
  const { error, attempt } = useAttempt(all.reload);
  if (!all.data) return all.error ? <FailureView error={all.error} onRetry={all.reload} /> : <LoadingRows rows={3} />;
  const nameOf = (id: string) => (id === "" ? t.every : (rules.data?.find((r) => r.id === id)?.name ?? id));
  return (
    <div className="settings-section">
      <StaleBar error={all.error} onRetry={all.reload} />
      <ErrorBar error={error} />
      {all.data.length === 0 ? <EmptyView icon={<PauseCircleFilled />} title={t.emptyTitle} detail={t.emptyDetail} /> : (
        <div className="table-frame">
          <table className="table">
            <thead><tr><th scope="col">{t.about}</th><th scope="col">{t.rule}</th><th scope="col">{t.why}</th><th scope="col">{t.by}</th><th scope="col">{t.ends}</th><th scope="col" className="right">{t.held}</th><th scope="col">{t.state}</th><th scope="col"><span className="visually-hidden">{t.remove}</span></th></tr></thead>
            <tbody>
              {all.data.map((e) => (
                <tr key={e.id}>
                  <td><strong>{e.value}</strong><div className="muted small">{text.entity[e.kind] ?? e.kind}</div></td><td>{nameOf(e.ruleId)}</td><td>{e.why}</td><td>{e.agreed ? `${e.by}, ${e.agreed}` : e.by}</td>
                  <td className="nowrap"><Instant at={e.expires} /></td><td className="right numeric">{formatCount(e.held)}</td><td>{stateOf(e)}</td>
                  <td className="right nowrap">
                    {waits(e) && <Button size="small" disabled={!may || e.by === me} aria-label={t.agreeOf(e.value)} onClick={() => void attempt(() => api.agreeException(e.id))}>{t.agree}</Button>}
                    <Button size="small" appearance="subtle" disabled={!may} aria-label={t.removeOf(e.value)} onClick={() => void attempt(() => api.removeException(e.id))}>{t.remove}</Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p className="muted small">{t.second}</p>
      {may ? <Add rules={rules.data ?? []} onAdd={(e) => attempt(() => api.addException(e))} /> : <p className="muted">{text.noPermission.change(text.roles.Contributor!)}</p>}
    </div>
  );
}

const over = (e: Exception) => Date.parse(e.expires) <= Date.now();
const waits = (e: Exception) => !e.active && !over(e) && e.agreed === "";
const stateOf = (e: Exception) => (e.active ? t.active : over(e) ? t.ended : t.waiting);

function Add({ rules, onAdd }: { rules: { id: string; name: string }[]; onAdd: (e: Pick<Exception, "ruleId" | "kind" | "value" | "why" | "expires">) => Promise<boolean> }) {
  const [form, setForm] = useState(() => ({ ruleId: "", kind: "Account", value: "", why: "", expires: new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10) }));
  const set = (name: keyof typeof form) => (_: unknown, d: { value: string }) => setForm((old) => ({ ...old, [name]: d.value }));
  const submit = async () => {
    if (await onAdd({ ...form, value: form.value.trim(), why: form.why.trim(), expires: form.expires + "T00:00:00Z" })) setForm((old) => ({ ...old, value: "", why: "" }));
  };
  return (
    <form className="panel kept-form" onSubmit={(e) => { e.preventDefault(); void submit(); }}>
      <h2>{t.add}</h2>
      <Field label={t.rule}>
        <Select value={form.ruleId} onChange={set("ruleId")}><option value="">{t.every}</option>{rules.map((r) => <option key={r.id} value={r.id}>{r.name}</option>)}</Select>
      </Field>
      <Field label={t.kind}><Select value={form.kind} onChange={set("kind")}>{Object.entries(text.entity).map(([value, label]) => <option key={value} value={value}>{label}</option>)}</Select></Field>
      <Field label={t.value}><Input value={form.value} maxLength={500} onChange={set("value")} /></Field>
      <Field label={t.why}><Input value={form.why} maxLength={500} onChange={set("why")} /></Field>
      <Field label={t.ends}><Input type="date" value={form.expires} onChange={set("expires")} /></Field>
      <Button appearance="primary" type="submit" disabled={form.value.trim() === "" || form.why.trim() === "" || form.expires === ""}>{t.run}</Button>
    </form>
  );
}
