import { Button, MessageBar, MessageBarBody } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { RetentionPreview, TombstoneTable } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { useMay } from "../app/settings";
import { formatBytes, formatCount } from "../format/number";
import { keptText } from "../text/kept";
import { Ago, Instant, useNow } from "../ui/parts";
import { EmptyView, ErrorBar, FailureView, LoadingRows, StaleBar } from "../ui/states";

const t = keptText.retention;

/** How long rows are kept, by which rule, what that would remove, and what it did. */
export default function RetentionSection() {
  const state = useResource("retention", api.retention, 30_000);
  const now = useNow(10_000);
  if (!state.data) return state.error ? <FailureView error={state.error} onRetry={state.reload} /> : <LoadingRows rows={4} />;
  const r = state.data;
  return (
    <div className="settings-section">
      <StaleBar error={state.error} onRetry={state.reload} />
      {r.problem && <MessageBar intent="error"><MessageBarBody>{t.problem}: {r.problem}</MessageBarBody></MessageBar>}
      {r.rules.length === 0 ? <EmptyView title={t.none} detail={t.where} /> : (
        <section className="panel" aria-label={t.rules}>
          <div className="question-head"><h2>{t.rules}</h2><span className="muted small">{t.last}: {r.lastRun ? <Ago at={r.lastRun} now={now} /> : t.never} · {t.next}: {r.nextRun ? <Ago at={r.nextRun} now={now} /> : t.never}</span></div>
          <div className="table-frame table-frame-inner">
            <table className="table">
              <thead><tr><th scope="col">{t.name}</th><th scope="col">{t.keep}</th><th scope="col">{t.tables}</th><th scope="col">{t.cutoff}</th><th scope="col">{t.basis}</th></tr></thead>
              <tbody>
                {r.rules.map((rule) => (
                  <tr key={rule.name}>
                    <td><strong>{rule.name}</strong></td><td className="nowrap">{rule.keep}{rule.shorterThanISM1988 && <div className="bad small">{t.shorter}</div>}</td>
                    <td>{[...rule.tables, ...rule.recordTypes, ...rule.users].join(", ") || t.any}</td><td className="nowrap">{rule.cutoff ? <Instant at={rule.cutoff} /> : ""}</td><td>{[rule.basis, rule.class].filter(Boolean).join(", ")}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      )}
      <section className="panel" aria-label={t.tables}>
        <h2>{t.tables}</h2>
        <div className="table-frame table-frame-inner">
          <table className="table">
            <thead><tr><th scope="col">{t.table}</th><th scope="col" className="right">{t.rows}</th><th scope="col" className="right">{t.size}</th><th scope="col">{t.oldest}</th><th scope="col" className="right">{t.removed}</th><th scope="col">{t.wins}</th></tr></thead>
            <tbody>
              {r.tables.map((table) => (
                <tr key={table.table}>
                  <td>{table.table}</td><td className="right numeric">{formatCount(table.rows)}</td><td className="right numeric">{formatBytes(table.bytes)}</td>
                  <td className="nowrap">{table.oldest ? <Instant at={table.oldest} /> : ""}</td><td className="right numeric">{formatCount(table.removed)}</td><td>{table.rules.join(", ")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <Preview />
      <Removed />
    </div>
  );
}

function Preview() {
  const [found, setFound] = useState<RetentionPreview>();
  const { error, busy, attempt } = useAttempt();
  const may = useMay("Contributor");
  return (
    <section className="panel" aria-label={t.preview}>
      <div className="question-head"><h2>{t.preview}</h2><Button size="small" disabled={!may || busy} onClick={() => void attempt(async () => setFound(await api.retentionPreview()))}>{t.previewRun}</Button></div>
      <ErrorBar error={error} />
      {found && (found.tables.length === 0 ? <p className="muted" role="status">{t.nothing}</p> : <Tables tables={found.tables} />)}
    </section>
  );
}

function Removed() {
  const list = useResource("tombstones", api.tombstones);
  return (
    <section className="panel" aria-label={t.tombstones}>
      <h2>{t.tombstones}</h2>
      {list.data ? list.data.length === 0 ? <p className="muted">{t.noTombstones}</p> : list.data.map((one) => (
        <div key={one.run}><p><Instant at={one.time} /> <span className="muted small">{t.run} <span className="mono">{one.run}</span>, {one.signed ? t.signed : t.unsigned}</span></p><Tables tables={one.tables} /></div>
      )) : list.error ? <FailureView error={list.error} onRetry={list.reload} /> : <LoadingRows rows={2} />}
    </section>
  );
}

function Tables({ tables }: { tables: TombstoneTable[] }) {
  const words = (list: { name: string; rows: number }[]) => list.map((one) => `${one.name}: ${formatCount(one.rows)}`).join(", ");
  return (
    <div className="table-frame">
      <table className="table">
        <thead><tr><th scope="col">{t.table}</th><th scope="col" className="right">{t.rows}</th><th scope="col">{t.by}</th><th scope="col">{t.held}</th></tr></thead>
        <tbody>{tables.map((one) => <tr key={one.table}><td>{one.table}</td><td className="right numeric">{formatCount(one.rows)}</td><td>{words(one.rules)}</td><td>{words(one.held)}</td></tr>)}</tbody>
      </table>
    </div>
  );
}
