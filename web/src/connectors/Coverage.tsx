import { api } from "../api/client";
import { useResource } from "../api/useResource";
import { formatCount } from "../format/number";
import { formatDuration } from "../format/time";
import { text } from "../text/en";
import { formatShare } from "./coverage";

const t = text.coverage;

/** Of how many attachments, links, deliveries and clicks the message is there. Nothing where there are none. */
export function Coverage() {
  const list = useResource("coverage", api.coverage, 60_000);
  const tables = (list.data?.tables ?? []).filter((one) => one.rows > 0);
  if (tables.length === 0) return null;
  return (
    <section className="panel connector-group" aria-label={t.title}>
      <div className="connector-group-head"><h2>{t.title}</h2><span className="muted">{t.detail}</span></div>
      <div className="table-frame table-frame-inner">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t.columns.table}</th>
              {[t.columns.rows, t.columns.share, t.columns.late, t.columns.waiting, t.columns.missing].map((name) => <th key={name} scope="col" className="right">{name}</th>)}
            </tr>
          </thead>
          <tbody>
            {tables.map((one) => (
              <tr key={one.table}>
                <td>{one.table}</td>
                <td className="right numeric">{formatCount(one.rows)}</td>
                <td className="right numeric">{formatShare(one.found, one.rows)}</td>
                <td className="right numeric">
                  {formatCount(one.late)}
                  {one.late > 0 && <div className="muted small nowrap">{t.upTo(formatDuration(one.longestLateSeconds))}</div>}
                </td>
                <td className="right numeric">{formatCount(one.waiting)}</td>
                <td className={"right numeric" + (one.missing > 0 ? " bad" : "")}>{formatCount(one.missing)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
