import { CheckmarkCircleFilled, DismissCircleFilled, QuestionCircleRegular } from "../ui/icons";
import type { ReactNode } from "react";
import type { Status } from "../api/types";
import { formatBytes, formatCount } from "../format/number";
import { formatDuration } from "../format/time";
import { text } from "../text/en";
import { Ago, Instant } from "../ui/parts";

const t = text.connectors;

/** How far journal, tables and archive reach, and what the tables hold. */
export function Storage({ status: s, now }: { status: Status; now: number }) {
  const end = s.journal.position;
  return (
    <>
      <h2 className="section-title">{t.storage}</h2>
      <div className="stores">
        <Store title={t.journal} hint={t.journalHint} position={end} end={end}>
          <Fact name={t.written}><Ago at={s.journal.updated} now={now} /></Fact>
          <Fact name={t.size}>{formatBytes(s.journal.bytes)}</Fact>
        </Store>
        <Store title={t.lake} hint={t.lakeHint} position={s.lake.position} end={end}>
          <Fact name={t.flushed}><Ago at={s.lake.flushed} now={now} /></Fact>
          <Fact name={t.rows}>{formatCount(s.lake.tables.reduce((n, table) => n + table.rows, 0))}</Fact>
        </Store>
        {s.archive ? (
          <Store title={t.archive} hint={t.archiveHint} position={s.archive.position} end={end} problem={s.archive.problem}>
            <Fact name={t.sealed}><Ago at={s.archive.sealed} now={now} /></Fact>
            <Fact name={t.certificates}>{s.archive.certificates ? t.certified(formatCount(s.archive.certificates.certificates), s.archive.certificates.latest ?? "") : text.none}</Fact>
            <Fact name={s.archive.verified?.passed === false ? t.verifyFailed : t.verified}><Verified verified={s.archive.verified} now={now} /></Fact>
          </Store>
        ) : (
          <section className="panel store"><h3>{t.archive}</h3><p className="muted">{t.noArchive}</p></section>
        )}
      </div>
      <Tables status={s} />
      <p className="muted small footer-line">
        {t.version} {s.version}{s.commit ? ` (${s.commit})` : ""} · {t.running} {formatDuration((now - new Date(s.started).getTime()) / 1000)}
      </p>
    </>
  );
}

function Store({ title, hint, position, end, problem, children }: { title: string; hint: string; position: number; end: number; problem?: string; children: ReactNode }) {
  const behind = Math.max(0, end - position);
  return (
    <section className="panel store" aria-label={title}>
      <h3>{title}</h3>
      <p className="muted small">{hint}</p>
      <p className="store-position">
        <span className="numeric">{formatCount(position)}</span> <span className="muted">{t.position}</span>
        <span className={"tag " + (behind === 0 ? "status-good" : "tag-quiet")}>{behind === 0 ? t.inStep : t.behind(formatCount(behind))}</span>
      </p>
      {problem && <p className="bad">{problem}</p>}
      <dl className="facts">{children}</dl>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return <div><dt>{name}</dt><dd className="numeric">{children}</dd></div>;
}

function Verified({ verified, now }: { verified: NonNullable<Status["archive"]>["verified"]; now: number }) {
  if (!verified) return <span className="with-icon muted"><QuestionCircleRegular />{t.neverVerified}</span>;
  return (
    <span className={"with-icon " + (verified.passed ? "good" : "bad")} title={verified.detail}>
      {verified.passed ? <CheckmarkCircleFilled /> : <DismissCircleFilled />}<Ago at={verified.time} now={now} />
    </span>
  );
}

function Tables({ status }: { status: Status }) {
  return (
    <section className="panel" aria-label={t.tables}>
      <h3>{t.tables}</h3>
      <div className="table-frame table-frame-inner">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t.table}</th><th scope="col" className="right">{t.rows}</th><th scope="col" className="right">{t.fresh}</th>
              <th scope="col" className="right">{t.files}</th><th scope="col" className="right">{t.size}</th><th scope="col">{t.earliest}</th><th scope="col">{t.latest}</th>
            </tr>
          </thead>
          <tbody>
            {status.lake.tables.map((table) => (
              <tr key={table.name} className={table.rows === 0 ? "muted" : undefined}>
                <td>{table.name}</td><td className="right numeric">{formatCount(table.rows)}</td><td className="right numeric">{formatCount(table.fresh)}</td>
                <td className="right numeric">{formatCount(table.files)}</td><td className="right numeric">{formatBytes(table.bytes)}</td>
                <td>{table.earliest ? <Instant at={table.earliest} /> : "–"}</td><td>{table.latest ? <Instant at={table.latest} /> : "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
