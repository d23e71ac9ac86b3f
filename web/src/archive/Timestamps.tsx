import type { ArchiveDetail } from "../api/types";
import { formatCount } from "../format/number";
import { archiveText } from "../text/archive";
import { Ago } from "../ui/parts";
import { Panel } from "./Panel";

const t = archiveText.timestamps;

/** By whom and when the log was stamped with the time, and why one does not. */
export function Timestamps({ stamps, now }: { stamps: ArchiveDetail["timestamps"]; now: number }) {
  if (!stamps?.length) return <Panel title={t.title}><p className="muted">{t.none}</p></Panel>;
  return (
    <Panel title={t.title}>
      <div className="table-frame table-frame-inner">
        <table className="table">
          <thead><tr><th scope="col">{t.name}</th><th scope="col">{t.size}</th><th scope="col">{t.when}</th><th scope="col">{t.state}</th></tr></thead>
          <tbody>
            {stamps.map((one) => (
              <tr key={one.name}>
                <td><strong>{one.name}</strong>{one.subject && <div className="muted small">{one.subject}</div>}</td>
                <td className="numeric">{formatCount(one.size)}</td><td><Ago at={one.time} now={now} /></td>
                <td>
                  <span className={one.late || one.problem ? "bad" : "good-text"}>{one.late ? t.late : one.problem ? t.trouble : one.time ? t.good : t.waiting}</span>
                  {one.problem && <div className="small archive-detail">{one.problem} {one.remedy}</div>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
