import { Button, Field, Input, Textarea } from "@fluentui/react-components";
import { useMemo, useState } from "react";
import { api } from "../api/client";
import type { ResultTable, Watchlist } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { useMay } from "../app/settings";
import { formatCount } from "../format/number";
import { Grid } from "../grid/Grid";
import { text } from "../text/en";
import { DismissRegular, TableRegular } from "../ui/icons";
import { Ago, useNow } from "../ui/parts";
import { EmptyView, ErrorBar, FailureView, LoadingRows, StaleBar } from "../ui/states";

const t = text.watchlists;

/** Tables that people keep by hand, for queries and rules: _GetWatchlist('alias'). */
export default function WatchlistsSection() {
  const lists = useResource("watchlists", api.watchlists);
  const may = useMay("Contributor");
  const now = useNow(10_000);
  const [shown, setShown] = useState<string>();
  const { error, attempt } = useAttempt(lists.reload);
  if (!lists.data) return lists.error ? <FailureView error={lists.error} onRetry={lists.reload} /> : <LoadingRows rows={3} />;
  return (
    <div className="settings-section">
      <StaleBar error={lists.error} onRetry={lists.reload} />
      <ErrorBar error={error} />
      {lists.data.length === 0 ? <EmptyView icon={<TableRegular />} title={t.emptyTitle} detail={t.emptyDetail} /> : (
        <div className="table-frame">
          <table className="table">
            <thead><tr><th scope="col">{t.alias}</th><th scope="col" className="right">{t.rows}</th><th scope="col">{t.searchKey}</th><th scope="col">{t.version}</th><th scope="col">{t.updated}</th><th scope="col"><span className="visually-hidden">{t.remove}</span></th></tr></thead>
            <tbody>
              {lists.data.map((one) => (
                <tr key={one.alias} aria-selected={shown === one.alias}>
                  <td><button type="button" className="link-button" onClick={() => setShown(shown === one.alias ? undefined : one.alias)}><strong>{one.alias}</strong></button>{one.description && <div className="muted small">{one.description}</div>}</td>
                  <td className="right numeric">{formatCount(one.rowCount)}</td>
                  <td>{one.searchKey}</td>
                  <td className="numeric">{one.version}</td>
                  <td>{one.author}, <Ago at={one.updated} now={now} /></td>
                  <td className="right"><Button size="small" appearance="subtle" disabled={!may} aria-label={t.removeOf(one.alias)} onClick={() => attempt(() => api.removeWatchlist(one.alias))}>{t.remove}</Button></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {shown !== undefined && lists.data.some((one) => one.alias === shown) && <Rows key={shown} alias={shown} onClose={() => setShown(undefined)} />}
      {may ? <Import onImport={(...given) => attempt(() => api.importWatchlist(...given))} /> : <p className="muted">{text.noPermission.change(text.roles.Contributor!)}</p>}
    </div>
  );
}

function Rows({ alias, onClose }: { alias: string; onClose: () => void }) {
  const list = useResource("watchlist:" + alias, (signal) => api.watchlist(alias, signal));
  const table = useMemo(() => (list.data ? asTable(list.data) : undefined), [list.data]);
  return (
    <section className="panel" aria-label={alias}>
      <div className="question-head"><h2>{alias}</h2><Button size="small" appearance="subtle" icon={<DismissRegular />} aria-label={text.close} onClick={onClose} /></div>
      {table ? <div className="watchlist-grid"><Grid table={table} fitRows={12} label={alias} /></div> : list.error ? <FailureView error={list.error} onRetry={list.reload} /> : <LoadingRows rows={3} />}
    </section>
  );
}

const asTable = (list: Watchlist): ResultTable => ({ columns: list.columns.map((name) => ({ name, type: "string" })), rows: list.rows ?? [] });

function Import({ onImport }: { onImport: (alias: string, csv: string, searchKey: string, description: string) => Promise<boolean> }) {
  const [alias, setAlias] = useState("");
  const [csv, setCsv] = useState("");
  const [searchKey, setSearchKey] = useState("");
  const [description, setDescription] = useState("");
  const header = csv.split(/\r?\n/)[0] ?? "";
  const submit = async () => {
    if (await onImport(alias.trim(), csv, searchKey.trim() || header.split(",")[0]!.trim(), description.trim())) {
      setAlias("");
      setCsv("");
      setDescription("");
    }
  };
  return (
    <form className="panel account-form" onSubmit={(e) => { e.preventDefault(); void submit(); }}>
      <h2>{t.import}</h2>
      <Field label={t.alias} hint={t.aliasHint}><Input value={alias} maxLength={64} onChange={(_, d) => setAlias(d.value)} /></Field>
      <Field label={t.description}><Input value={description} maxLength={500} onChange={(_, d) => setDescription(d.value)} /></Field>
      <Field label={t.file}>
        <input type="file" accept=".csv,text/csv" aria-label={t.file} onChange={(e) => void e.target.files?.[0]?.text().then((read) => { setCsv(read); if (!alias) setAlias(e.target.files![0]!.name.replace(/\.csv$/i, "")); })} />
      </Field>
      <Field label={t.csv} hint={t.csvHint}><Textarea value={csv} rows={5} spellCheck={false} onChange={(_, d) => setCsv(d.value)} /></Field>
      <Field label={t.searchKey} hint={t.searchKeyHint}><Input value={searchKey} placeholder={header.split(",")[0]} onChange={(_, d) => setSearchKey(d.value)} /></Field>
      <Button appearance="primary" type="submit" disabled={alias.trim() === "" || csv.trim() === ""}>{t.save}</Button>
    </form>
  );
}
