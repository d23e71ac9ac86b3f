import { api } from "../api/client";
import type { ReconciledHours, Reconciliation } from "../api/types";
import { useResource } from "../api/useResource";
import { formatCount } from "../format/number";
import { formatDuration, utcMinute } from "../format/time";
import { archiveText as t } from "../text/archive";
import { Ago } from "../ui/parts";
import { Fact } from "./Panel";

const r = t.reconciliation;

/** What the last comparison of tables and archive found. */
export function Reconciled({ r: last, now }: { r: Reconciliation | null; now: number }) {
  if (!last) return <p className="muted"><strong>{r.never}</strong></p>;
  return (
    <>
      <p className={last.passed ? "good-text" : "bad"}><strong>{last.passed ? r.passed : r.failed}</strong></p>
      <p className="archive-detail">{last.detail}</p>
      <dl className="facts facts-row">
        <Fact name={r.when}><Ago at={last.time} now={now} /></Fact>
        <Fact name={r.took}>{formatDuration(last.seconds)}</Fact>
        <Fact name={r.missing}>{formatCount(last.missing)}</Fact>
        <Fact name={r.foreign}>{formatCount(last.foreign)}</Fact>
        <Fact name={r.changed}>{formatCount(last.changed)}</Fact>
      </dl>
      {last.tables.length > 0 && (
        <div className="table-frame table-frame-inner">
          <table className="table">
            <thead><tr><th scope="col">{r.table}</th><th scope="col" className="right">{r.lake}</th><th scope="col" className="right">{r.archived}</th><th scope="col" className="right">{r.hours}</th><th scope="col" className="right">{r.differing}</th><th scope="col">{r.digest}</th></tr></thead>
            <tbody>
              {last.tables.map((one) => (
                <tr key={one.table}>
                  <td>{one.table}</td><td className="right numeric">{formatCount(one.lake.rows)}</td><td className="right numeric">{formatCount(one.archive.rows)}</td>
                  <td className="right numeric">{formatCount(one.hours)}</td><td className={"right numeric" + (one.differing > 0 ? " bad" : "")}>{formatCount(one.differing)}</td>
                  <td className="mono" title={one.archive.digest}>{one.archive.digest.slice(0, 12)}…</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {!last.passed && <Differing />}
    </>
  );
}

/** The hours in which the two sides differ. */
function Differing() {
  const hours = useResource<ReconciledHours>("differing hours", (signal) => api.reconciledHours({ differing: true, limit: 100 }, signal), 60_000);
  if (!hours.data || hours.data.hours.length === 0) return null;
  return (
    <>
      <h3>{r.differingHours}</h3>
      <div className="table-frame table-frame-inner">
        <table className="table">
          <thead><tr><th scope="col">{r.hour}</th><th scope="col">{r.table}</th><th scope="col" className="right">{r.lake}</th><th scope="col" className="right">{r.archived}</th></tr></thead>
          <tbody>
            {hours.data.hours.map((h) => (
              <tr key={h.table + h.hour}>
                <td className="nowrap">{h.hour ? utcMinute(h.hour) : r.noHour}</td><td>{h.table}</td><td className="right numeric">{formatCount(h.lake.rows)}</td><td className="right numeric">{formatCount(h.archive.rows)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
