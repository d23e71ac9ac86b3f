import type { ArchiveCopy, ArchiveDetail } from "../api/types";
import { formatBytes, formatCount } from "../format/number";
import { formatDuration } from "../format/time";
import { archiveText } from "../text/archive";
import { Ago } from "../ui/parts";
import { Fact, Panel } from "./Panel";

const t = archiveText.copies;

/** Where else the archive is, how far each copy follows, and why one does not. */
export function Copies({ copies, now }: { copies: ArchiveDetail["copies"]; now: number }) {
  if (!copies?.length) return <Panel title={t.title}><p className="muted">{t.none}</p></Panel>;
  return (
    <Panel title={t.title}>
      <div className="table-frame table-frame-inner">
        <table className="table">
          <thead><tr><th scope="col">{t.name}</th><th scope="col">{t.state}</th><th scope="col">{t.lag}</th><th scope="col" className="right">{t.leaves}</th><th scope="col">{t.when}</th><th scope="col">{t.lock}</th></tr></thead>
          <tbody>{copies.map((c) => <Copy key={c.name} copy={c} now={now} />)}</tbody>
        </table>
      </div>
    </Panel>
  );
}

function Copy({ copy: c, now }: { copy: ArchiveCopy; now: number }) {
  return (
    <tr>
      <td><strong>{c.name}</strong><div className="muted small mono archive-store">{c.store}</div></td>
      <td>
        <span className={c.stopped || c.late || c.problem ? "bad" : "good"}>{c.stopped ? t.stopped : c.late ? t.late : t.good}</span>
        {c.problem && <div className="bad small archive-detail">{c.problem}{c.failures ? ` (${t.failures(c.failures)})` : ""}</div>}
        {c.objects > 0 && <div className="muted small">{t.left(formatCount(c.objects), formatBytes(c.bytes))}</div>}
      </td>
      <td className={"numeric nowrap" + (c.late ? " bad" : "")}>{formatDuration(c.lagSeconds)}</td>
      <td className="right numeric">{formatCount(c.leaves)}</td>
      <td><Ago at={c.time} now={now} /></td>
      <td title={c.locking}><span className={c.unlocked ? "bad" : undefined}>{c.unlocked ? t.unlocked : c.retainDays > 0 ? t.days(c.retainDays) : <span className="muted">{t.free}</span>}</span></td>
    </tr>
  );
}

/** To whom objects are encrypted, and how far the tables' files are under the log. */
export function Kept({ a, now }: { a: ArchiveDetail; now: number }) {
  const k = archiveText.kept;
  return (
    <Panel title={k.title}>
      <dl className="facts">
        <div><dt>{k.recipients}</dt><dd>{a.recipients?.length ? a.recipients.map((r) => <div key={r} className="mono archive-root" title={r}>{r}</div>) : <span className="muted">{k.none}</span>}</dd></div>
        {a.rowFiles && (
          <>
            <Fact name={k.files}>{formatCount(a.rowFiles.files)}</Fact>
            <Fact name={k.bytes}>{formatCount(a.rowFiles.kept)}</Fact>
            <Fact name={k.waiting}>{formatCount(a.rowFiles.waiting)}</Fact>
            {a.rowFiles.waiting > 0 && <Fact name={k.lag}>{formatDuration(a.rowFiles.lagSeconds)}</Fact>}
            <Fact name={k.looked}><Ago at={a.rowFiles.looked} now={now} /></Fact>
          </>
        )}
      </dl>
      {a.rowFiles?.problem && <p className="bad archive-detail">{a.rowFiles.problem}</p>}
    </Panel>
  );
}
