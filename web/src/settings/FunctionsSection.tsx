import { Button, Field, Input, MessageBar, MessageBarBody, Textarea } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { SavedFunction } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { useMay } from "../app/settings";
import { text } from "../text/en";
import { keptText } from "../text/kept";
import { CodeRegular } from "../ui/icons";
import { Ago, useNow } from "../ui/parts";
import { EmptyView, ErrorBar, FailureView, LoadingRows, StaleBar } from "../ui/states";

const t = keptText.functions;
const blank = { name: "", parameters: "", body: "", description: "" };

/** KQL that every query and rule can call by its name. */
export default function FunctionsSection() {
  const all = useResource("functions", api.functions);
  const may = useMay("Contributor");
  const now = useNow(10_000);
  const [form, setForm] = useState(blank);
  const [versions, setVersions] = useState<SavedFunction[]>([]);
  const [saved, setSaved] = useState<SavedFunction>();
  const { error, busy, attempt } = useAttempt(all.reload);
  if (!all.data) return all.error ? <FailureView error={all.error} onRetry={all.reload} /> : <LoadingRows rows={3} />;
  const set = (name: keyof typeof blank) => (_: unknown, d: { value: string }) => setForm((old) => ({ ...old, [name]: d.value }));
  const take = (f: SavedFunction) => setForm({ name: f.name, parameters: f.parameters, body: f.body, description: f.description });
  const open = (name: string) => attempt(async () => {
    const f = await api.savedFunction(name);
    take(f);
    setSaved(undefined);
    setVersions(f.versions ?? []);
  });
  const save = () => attempt(async () => {
    setSaved(await api.saveFunction(form.name.trim(), form));
    setVersions([]);
    setForm(blank);
  });
  return (
    <div className="settings-section">
      <StaleBar error={all.error} onRetry={all.reload} />
      <ErrorBar error={error} />
      {saved && <MessageBar intent="success"><MessageBarBody>{t.saved(saved.name, saved.version)}</MessageBarBody></MessageBar>}
      {all.data.length === 0 ? <EmptyView icon={<CodeRegular />} title={t.emptyTitle} detail={t.emptyDetail} /> : (
        <div className="table-frame">
          <table className="table">
            <thead><tr><th scope="col">{t.name}</th><th scope="col">{t.version}</th><th scope="col">{t.updated}</th><th scope="col"><span className="visually-hidden">{t.remove}</span></th></tr></thead>
            <tbody>
              {all.data.map((f) => (
                <tr key={f.name}>
                  <td><button type="button" className="link-button mono" onClick={() => void open(f.name)}>{f.name}({f.parameters})</button>{f.description && <div className="muted small">{f.description}</div>}</td>
                  <td className="numeric">{f.version}</td>
                  <td>{f.author}, <Ago at={f.updated} now={now} /></td>
                  <td className="right"><Button size="small" appearance="subtle" disabled={!may} aria-label={t.removeOf(f.name)} onClick={() => void attempt(() => api.removeFunction(f.name))}>{t.remove}</Button></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {may ? (
        <form className="panel kept-form" onSubmit={(e) => { e.preventDefault(); void save(); }}>
          <h2>{t.save}</h2>
          <Field label={t.name} hint={t.nameHint}><Input value={form.name} maxLength={64} onChange={set("name")} /></Field>
          <Field label={t.parameters} hint={t.parametersHint}><Input value={form.parameters} className="mono" onChange={set("parameters")} /></Field>
          <Field label={t.description}><Input value={form.description} maxLength={500} onChange={set("description")} /></Field>
          <Field label={t.body} hint={t.bodyHint}><Textarea value={form.body} className="mono" rows={8} resize="vertical" spellCheck={false} onChange={set("body")} /></Field>
          {versions.length > 1 && <div className="chip-row" role="group" aria-label={t.versions}>{versions.map((v) => <Button key={v.version} type="button" size="small" onClick={() => void attempt(async () => take(await api.savedFunction(v.name, v.version)))}>{t.take(v.version)}</Button>)}</div>}
          <Button appearance="primary" type="submit" disabled={busy || form.name.trim() === "" || form.body.trim() === ""}>{t.run}</Button>
        </form>
      ) : <p className="muted">{text.noPermission.change(text.roles.Contributor!)}</p>}
    </div>
  );
}
