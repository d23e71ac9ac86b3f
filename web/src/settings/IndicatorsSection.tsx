import { Button, Field, Input, MessageBar, MessageBarBody, Select, Textarea } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { IndicatorsTaken } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { useMay } from "../app/settings";
import { formatCount } from "../format/number";
import { text } from "../text/en";
import { keptText } from "../text/kept";
import { FlagRegular, SearchRegular } from "../ui/icons";
import { Instant } from "../ui/parts";
import { EmptyView, ErrorBar, FailureView, LoadingRows, StaleBar } from "../ui/states";

const t = keptText.indicators;

/** How many rows the page has; a search reaches all that were fetched. */
const shownAtMost = 200;

/** Indicators of threats: which there are, more of them, and whether they were here before. */
export default function IndicatorsSection() {
  const list = useResource("indicators", api.indicators);
  const may = useMay("Contributor");
  const [search, setSearch] = useState("");
  if (!list.data) return list.error ? <FailureView error={list.error} onRetry={list.reload} /> : <LoadingRows rows={3} />;
  const wanted = search.trim().toLowerCase();
  const found = list.data.indicators.filter((i) => [i.observableValue, i.source, i.description].some((v) => v.toLowerCase().includes(wanted)));
  return (
    <div className="settings-section">
      <StaleBar error={list.error} onRetry={list.reload} />
      {list.data.indicators.length === 0 ? <EmptyView icon={<FlagRegular />} title={t.emptyTitle} detail={t.emptyDetail} /> : (
        <>
          <div className="filter-bar">
            <Input size="small" type="search" contentBefore={<SearchRegular />} aria-label={t.search} placeholder={t.search} value={search} onChange={(_, d) => setSearch(d.value)} />
            <span className="muted numeric" aria-live="polite">{t.count(formatCount(Math.min(found.length, shownAtMost)), formatCount(list.data.indicators.length))}{list.data.unmatched > 0 && ` · ${t.unmatched(formatCount(list.data.unmatched))}`}</span>
          </div>
          <div className="table-frame kept-list" tabIndex={0} role="group" aria-label={t.value}>
            <table className="table">
              <thead><tr><th scope="col">{t.value}</th><th scope="col">{t.kind}</th><th scope="col">{t.source}</th><th scope="col" className="right">{t.confidence}</th><th scope="col">{t.until}</th></tr></thead>
              <tbody>
                {found.slice(0, shownAtMost).map((i) => (
                  <tr key={i.source + i.id}>
                    <td><span className="mono">{i.observableValue}</span>{i.description && <div className="muted small">{i.description}</div>}</td><td>{i.observableKey}</td><td>{i.source}</td>
                    <td className="right numeric">{i.confidence ?? ""}</td><td>{i.validUntil ? <Instant at={i.validUntil} /> : t.endless}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
      {may ? <><Import onDone={list.reload} /><Match /></> : <p className="muted">{text.noPermission.change(text.roles.Contributor!)}</p>}
    </div>
  );
}

function Import({ onDone }: { onDone: () => void }) {
  const [form, setForm] = useState({ source: "", format: "csv", text: "" });
  const [taken, setTaken] = useState<IndicatorsTaken>();
  const { error, busy, attempt } = useAttempt(onDone);
  const submit = () => attempt(async () => {
    setTaken(undefined);
    setTaken(await api.importIndicators(form));
    setForm((old) => ({ ...old, text: "" }));
  });
  return (
    <form className="panel kept-form" onSubmit={(e) => { e.preventDefault(); void submit(); }}>
      <h2>{t.import}</h2>
      <ErrorBar error={error} />
      {taken && <MessageBar intent="success"><MessageBarBody>{t.taken(formatCount(taken.changed), formatCount(taken.found))}</MessageBarBody></MessageBar>}
      {taken && taken.skipped.length > 0 && <ul aria-label={t.skipped}>{taken.skipped.slice(0, 20).map((s) => <li key={s.id}><span className="mono">{s.id}</span>: {s.why}</li>)}</ul>}
      <Field label={t.source} hint={t.sourceHint}><Input value={form.source} maxLength={100} onChange={(_, d) => setForm({ ...form, source: d.value })} /></Field>
      <Field label={t.format}><Select value={form.format} onChange={(_, d) => setForm({ ...form, format: d.value })}>{Object.entries(t.formats).map(([value, label]) => <option key={value} value={value}>{label}</option>)}</Select></Field>
      <Field label={t.file}><input type="file" accept=".csv,.json" aria-label={t.file} onChange={(e) => void e.target.files?.[0]?.text().then((read) => setForm((old) => ({ ...old, text: read, format: read.trimStart().startsWith("{") ? "stix" : "csv" })))} /></Field>
      <Field label={t.text}><Textarea value={form.text} className="mono" rows={5} spellCheck={false} onChange={(_, d) => setForm({ ...form, text: d.value })} /></Field>
      <Button appearance="primary" type="submit" disabled={busy || form.source.trim() === "" || form.text.trim() === ""}>{t.run}</Button>
    </form>
  );
}

function Match() {
  const [since, setSince] = useState(() => new Date(Date.now() - 30 * 86_400_000).toISOString().slice(0, 10));
  const [alerts, setAlerts] = useState<number>();
  const { error, busy, attempt } = useAttempt();
  const run = () => attempt(async () => {
    setAlerts(undefined);
    setAlerts(await api.matchBackwards(since + "T00:00:00Z"));
  });
  return (
    <form className="panel inline-form" onSubmit={(e) => { e.preventDefault(); void run(); }}>
      <h2>{t.match}</h2>
      <p className="muted small">{t.matchHint}</p>
      <Field label={t.since}><Input type="date" value={since} onChange={(_, d) => setSince(d.value)} /></Field>
      <Button type="submit" disabled={busy || since === ""}>{busy ? t.matching : t.matchRun}</Button>
      {alerts !== undefined && <span role="status">{t.matched(alerts)}</span>}
      <ErrorBar error={error} />
    </form>
  );
}
