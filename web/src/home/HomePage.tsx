import { useMemo, type ReactNode } from "react";
import { api } from "../api/client";
import type { Connector, GapCalendar, IncidentPage, MessageCoverage, Status } from "../api/types";
import { useResource, type Resource } from "../api/useResource";
import { linkTo } from "../app/router";
import { columnsUpTo, gapLetters, gapStates } from "../connectors/gaps";
import { legible } from "../format/legible";
import { formatCount } from "../format/number";
import { formatDuration } from "../format/time";
import { text } from "../text/en";
import { CheckmarkCircleFilled, DismissCircleFilled, QuestionCircleRegular, WarningFilled } from "../ui/icons";
import { Ago, PageHeader, SeverityTag, useNow } from "../ui/parts";
import { FailureView, LoadingRows } from "../ui/states";
import { completeSince, copiesBehind, mostUrgent, nextExpiry, summariseDays, unmet, verifiedFor } from "./answers";
import "../connectors/connectors.css";
import "./home.css";

const t = text.home;
const weeks = 28;
const dayLong = 86_400_000;

/** The first screen: three questions, and what is not met or not visible. */
export default function HomePage() {
  const list = useResource("connectors", api.connectors, 10_000, "sources");
  const status = useResource("status", api.status, 10_000, "sources");
  const incidents = useResource("home incidents", (signal) => api.incidents({ status: ["New", "Active"], severity: [], text: "", limit: 200 }, signal), 10_000, "incidents");
  const offset = list.data ? new Date(list.data.now).getTime() - list.data.received : 0;
  const now = useNow() + offset;
  const columns = columnsUpTo("days", now).slice(-weeks);
  const from = new Date(columns[0]!).toISOString();
  const to = new Date(columns.at(-1)! + dayLong).toISOString();
  const calendar = useResource(`home gaps ${from}`, (signal) => api.gaps({ from, to, interval: "day" }, signal), 60_000);
  const coverage = useResource("coverage", api.coverage, 60_000);
  return (
    <div className="page home">
      <PageHeader title={t.title} detail={t.detail} />
      <div className="home-columns">
        <Question title={t.arriving.title} more="/connectors" moreLabel={t.arriving.more}>
          <Ready of={[list, calendar]}>{() => <Arriving connectors={list.data!.connectors} calendar={calendar.data!} columns={columns} now={now} />}</Ready>
        </Question>
        <Question title={t.changed.title} more="/archive" moreLabel={t.changed.more}>
          <Ready of={[status]}>{() => <Changed status={status.data!} now={now} />}</Ready>
        </Question>
        <Question title={t.needs.title} place="needs" more="/incidents" moreLabel={t.needs.more}>
          <Ready of={[incidents]}>{() => <Needs page={incidents.data!} now={now} />}</Ready>
        </Question>
        <Question title={t.unmet.title} place="unmet">
          <Ready of={[list, calendar, status]}>{() => <UnmetList connectors={list.data!.connectors} calendar={calendar.data!} status={status.data!} now={now} coverage={coverage.data} />}</Ready>
        </Question>
      </div>
    </div>
  );
}

function Question({ title, place = "", more, moreLabel, children }: { title: string; place?: string; more?: string; moreLabel?: string; children: ReactNode }) {
  return (
    <section className={`panel question ${place && `home-${place}`}`} aria-label={title}>
      <div className="question-head"><h2>{title}</h2>{more && <a {...linkTo(more)}>{moreLabel}</a>}</div>
      {children}
    </section>
  );
}

/** The content once all is there; the first failure, or that it loads, before. */
function Ready({ of, children }: { of: Pick<Resource<unknown>, "data" | "error" | "reload">[]; children: () => ReactNode }) {
  if (of.every((r) => r.data !== undefined)) return children();
  const failed = of.find((r) => r.error && r.data === undefined);
  return failed ? <FailureView error={failed.error!} onRetry={failed.reload} /> : <LoadingRows rows={4} />;
}

type Mood = "good" | "bad" | "warn" | "unknown";
const moods: Record<Mood, ReactNode> = { good: <CheckmarkCircleFilled />, bad: <DismissCircleFilled />, warn: <WarningFilled />, unknown: <QuestionCircleRegular /> };

function Verdict({ mood, children, detail }: { mood: Mood; children: ReactNode; detail?: ReactNode }) {
  return (
    <p className={`verdict verdict-${mood}`}>
      <span className="verdict-icon" aria-hidden="true">{moods[mood]}</span>
      <span><strong>{children}</strong>{detail && <span className="verdict-detail">{detail}</span>}</span>
    </p>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return <div><dt>{name}</dt><dd className="numeric">{children}</dd></div>;
}

function Arriving({ connectors, calendar, columns, now }: { connectors: Connector[]; calendar: GapCalendar; columns: number[]; now: number }) {
  const a = t.arriving;
  const since = completeSince(calendar);
  const failing = connectors.filter((c) => c.state === "failing" || c.state === "delayed" || c.state === "stopped").length;
  const healthy = connectors.filter((c) => c.state === "healthy" || c.state === "finished").length;
  const lag = Math.max(0, ...connectors.map((c) => c.lagSeconds ?? 0));
  const last = connectors.map((c) => c.lastReceived).filter((l) => l !== null).sort().at(-1);
  const lost = calendar.rows.flatMap((r) => r.cells).reduce((n, c) => n + c.expired, 0);
  const expiry = nextExpiry(connectors);
  const day = since?.slice(0, 10) ?? "";
  if (connectors.length === 0 && calendar.rows.length === 0) return <Verdict mood="unknown">{a.unknown}</Verdict>;
  return (
    <>
      {failing > 0 || since === null ? (
        <Verdict mood={failing > 0 ? "bad" : "warn"} detail={failing > 0 ? a.missing(failing, connectors.length) : undefined}>{a.no}</Verdict>
      ) : (
        <Verdict mood="good" detail={a.since(day)}>{a.yes}</Verdict>
      )}
      <Days calendar={calendar} columns={columns} />
      <dl className="facts">
        <Fact name={a.streams}>{a.healthy(healthy, connectors.length)}</Fact>
        <Fact name={a.last}><Ago at={last} now={now} /></Fact>
        <Fact name={a.lag}>{formatDuration(lag)}</Fact>
        <Fact name={a.expiry}>{expiry ? <Ago at={expiry} now={now} /> : a.noExpiry}</Fact>
        <Fact name={a.lost}>{lost > 0 ? <span className="bad">{a.blobs(formatCount(lost))}</span> : a.none}</Fact>
      </dl>
    </>
  );
}

function Days({ calendar, columns }: { calendar: GapCalendar; columns: number[] }) {
  const days = useMemo(() => summariseDays(calendar.rows, columns), [calendar, columns[0]]);
  const lettered = gapStates.filter((s) => gapLetters[s] && days.some((d) => d.state === s));
  return (
    <>
      <ol className="gaps home-days" aria-label={t.arriving.calendar}>
      {days.map((d) => {
        const label = t.arriving.day(new Date(d.start).toISOString().slice(0, 10), d.state ? text.gaps.states[d.state]! : text.gaps.unknown, d.streams);
        return <li key={d.start} className={`gap gap-${d.state ?? "none"}`} title={label} aria-label={label}>{d.state ? gapLetters[d.state] : ""}</li>;
      })}
    </ol>
    <p className="muted small" aria-hidden="true">{[t.arriving.calendar, ...lettered.map((s) => `${gapLetters[s]}: ${text.gaps.states[s]}`)].join(" · ")}</p>
    </>
  );
}

function Changed({ status, now }: { status: Status; now: number }) {
  const c = t.changed;
  const archive = status.archive;
  if (!archive) return <Verdict mood="bad">{c.off}</Verdict>;
  const { verified, checkpoint, certificates, drill, reconciliation: compared } = archive;
  const behind = copiesBehind(archive);
  const fresh = verified !== null && now - new Date(verified.time).getTime() <= verifiedFor;
  return (
    <>
      {compared && !compared.passed ? <Verdict mood="bad" detail={compared.detail}>{c.differs}</Verdict> : !verified ? <Verdict mood="unknown">{c.never}</Verdict> : !verified.passed ? <Verdict mood="bad" detail={verified.detail}>{c.no}</Verdict>
        : <Verdict mood={fresh ? "good" : "warn"} detail={verified.detail}>{fresh ? c.yes : c.stale}</Verdict>}
      <dl className="facts">
        <Fact name={c.verified}>{verified ? <Ago at={verified.time} now={now} /> : <span className="muted">{c.neverVerified}</span>}</Fact>
        <Fact name={c.checkpoint}>{checkpoint ? <>{c.leaves(formatCount(checkpoint.size))}, <Ago at={checkpoint.time} now={now} /></> : <span className="muted">{text.never}</span>}</Fact>
        {checkpoint && <div><dt>{c.root}</dt><dd className="mono home-root" title={checkpoint.root}>{checkpoint.root}</dd></div>}
        <Fact name={c.certificates}>{certificates && certificates.certificates > 0 ? c.upTo(formatCount(certificates.certificates), certificates.latest ?? "") : <span className="muted">{c.noCertificates}</span>}</Fact>
        <Fact name={c.reconciled}>{!compared ? <span className="muted">{c.neverVerified}</span> : compared.passed ? <>{c.equal}, <Ago at={compared.time} now={now} /></> : <span className="bad">{c.different}</span>}</Fact>
        <Fact name={c.drill}>{!drill ? <span className="muted">{c.noDrill}</span> : <>{drill.passed ? c.restored : <span className="bad">{c.notRestored}</span>}, <Ago at={drill.time} now={now} /></>}</Fact>
        <Fact name={c.copies}>{behind === null ? <span className="muted">{c.noCopies}</span> : c.copiesFollow(archive.copies!.length, formatDuration(behind))}</Fact>
        <Fact name={c.behind}>{c.payloads(formatCount(Math.max(0, status.journal.position - archive.position)))}</Fact>
      </dl>
      <p className="muted small">{c.how} <code className="mono">quoll archive verify</code></p>
    </>
  );
}

function Needs({ page, now }: { page: IncidentPage; now: number }) {
  const n = t.needs;
  if (page.total === 0) return <Verdict mood="good">{n.calm}</Verdict>;
  const unowned = page.incidents.filter((i) => i.owner === "").length;
  return (
    <>
      <Verdict mood={page.incidents.some((i) => i.severity === "High") ? "bad" : "warn"} detail={unowned > 0 ? n.unowned(unowned) : undefined}>{n.waiting(page.total)}</Verdict>
      <ul className="urgent">
        {mostUrgent(page.incidents, 6).map((i) => (
          <li key={i.id}>
            <SeverityTag severity={i.severity} />
            <div className="urgent-text">
              <a {...linkTo("/incidents/" + encodeURIComponent(i.id))}>{legible(i.title)}</a>
              <span className="muted small numeric">#{i.number} · {legible(i.owner) || text.incidents.nobody} · {n.open(formatDuration((now - new Date(i.created).getTime()) / 1000))}</span>
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

function UnmetList({ connectors, calendar, status, now, coverage }: { connectors: Connector[]; calendar: GapCalendar; status: Status; now: number; coverage?: MessageCoverage }) {
  const found = unmet(connectors, calendar, status, now, coverage);
  if (found.length === 0) return <Verdict mood="good">{t.unmet.none}</Verdict>;
  return (
    <ul className="unmet">
      {found.map((u) => (
        <li key={u.what + u.why} className={`unmet-${u.severity}`}>
          <span className="unmet-icon" aria-hidden="true">{u.severity === "bad" ? <DismissCircleFilled /> : u.severity === "warn" ? <WarningFilled /> : <QuestionCircleRegular />}</span>
          <div><strong>{u.what}</strong>{u.why && <p className="muted small">{u.why}</p>}</div>
          <a {...linkTo(u.to)} aria-label={`${t.unmet.look}: ${u.what}`}>{t.unmet.look}</a>
        </li>
      ))}
    </ul>
  );
}
