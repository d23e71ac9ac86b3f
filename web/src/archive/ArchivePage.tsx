import { Button, MessageBar, MessageBarBody } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { api } from "../api/client";
import type { ArchiveDetail, ArchiveTask } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { useMay } from "../app/settings";
import { formatBytes, formatCount } from "../format/number";
import { formatDuration } from "../format/time";
import { archiveText as t } from "../text/archive";
import { text } from "../text/en";
import { Ago, PageHeader, useNow } from "../ui/parts";
import { EmptyView, ErrorBar, FailureView, LoadingRows, StaleBar } from "../ui/states";
import { Copies, Kept } from "./Copies";
import { Disposals } from "./Disposals";
import { Erasures } from "./Erasures";
import { Holds } from "./Holds";
import { Fact, Panel } from "./Panel";
import { taskProgress } from "./progress";
import { ProveAbsence, ProveRecord } from "./Prove";
import { Reconciled } from "./Reconciled";
import { Timestamps } from "./Timestamps";
import "./archive.css";

/** Whether the archive is whole, what it proves, and who else watches over it. */
export default function ArchivePage() {
  const archive = useResource("archive", api.archive, 5_000);
  const now = useNow();
  return (
    <div className="page">
      <PageHeader title={t.title} detail={t.detail} />
      {archive.data ? (
        <>
          <StaleBar error={archive.error} onRetry={archive.reload} />
          <Content a={archive.data} now={now} reload={archive.reload} />
        </>
      ) : archive.error ? <FailureView error={archive.error} onRetry={archive.reload} /> : <LoadingRows rows={6} />}
    </div>
  );
}

function Content({ a, now, reload }: { a: ArchiveDetail; now: number; reload: () => void }) {
  const { error, attempt } = useAttempt(reload);
  const may = useMay("Contributor");
  const busy = a.task !== null && a.task.ended === null;
  const button = (kind: ArchiveTask["kind"], label: string) => (
    <Button size="small" disabled={!may || busy} onClick={() => void attempt(() => api.startArchiveTask(kind))} title={may ? undefined : t.task.may(text.roles["Contributor"]!)}>{label}</Button>
  );
  return (
    <>
      {a.problem && <MessageBar intent="error"><MessageBarBody>{t.problem}: {a.problem}</MessageBarBody></MessageBar>}
      <ErrorBar error={error} />
      {a.task && <Task task={a.task} />}
      <div className="archive-panels">
        <Log a={a} now={now} />
        <Verification a={a} now={now} action={button("verify", t.verification.run)} />
        <Drill a={a} now={now} />
        <Kept a={a} now={now} />
      </div>
      <Copies copies={a.copies} now={now} />
      <Panel title={t.reconciliation.title} action={button("reconcile", t.reconciliation.run)}><Reconciled r={a.reconciliation} now={now} /></Panel>
      <div className="archive-panels">
        <ProveRecord />
        <ProveAbsence />
      </div>
      <Panel title={t.ask.title}>
        <p className="muted small">{t.ask.hint}</p>
        <pre>{t.ask.command}</pre>
      </Panel>
      <Witnesses a={a} now={now} />
      <Timestamps stamps={a.timestamps} now={now} />
      <Holds />
      <Disposals />
      <Erasures />
      <Certificates a={a} />
    </>
  );
}

/** The task that runs, or why the last one could not be done. */
function Task({ task }: { task: ArchiveTask }) {
  if (task.ended !== null) return task.error ? <MessageBar intent="warning"><MessageBarBody>{t.task.failed(task.error)}</MessageBarBody></MessageBar> : null;
  const share = taskProgress(task);
  return (
    <div className="archive-task" role="status">
      <span>{t.task[task.kind]}</span>
      <progress max={1} value={share} aria-label={t.task[task.kind]} />
      {task.total > 0 && <span className="muted numeric">{t.task.of(formatCount(task.done), formatCount(task.total))}</span>}
    </div>
  );
}

function Log({ a, now }: { a: ArchiveDetail; now: number }) {
  const c = a.checkpoint;
  return (
    <Panel title={t.log.title}>
      <dl className="facts">
        <Fact name={t.log.checkpoint}>{c ? <>{t.log.leaves(formatCount(c.size))}, <Ago at={c.time} now={now} /></> : <span className="muted">{text.never}</span>}</Fact>
        {c && <div><dt>{t.log.root}</dt><dd className="mono archive-root" title={c.root}>{c.root}</dd></div>}
        {c && <Fact name={t.log.origin}>{c.origin}</Fact>}
        <Fact name={t.log.position}>{formatCount(a.position)}</Fact>
        <Fact name={t.log.sealed}><Ago at={a.sealed} now={now} /></Fact>
      </dl>
    </Panel>
  );
}

function Verification({ a, now, action }: { a: ArchiveDetail; now: number; action: ReactNode }) {
  const v = a.verified;
  return (
    <Panel title={t.verification.title} action={action}>
      <p className={v ? (v.passed ? "good-text" : "bad") : "muted"}><strong>{v ? (v.passed ? t.verification.passed : t.verification.failed) : t.verification.never}</strong></p>
      {v?.detail && <p className="archive-detail">{v.detail}</p>}
      <dl className="facts"><Fact name={t.verification.when}><Ago at={v?.time} now={now} /></Fact></dl>
      <p className="muted small">{t.verification.hint} <code className="mono">quoll archive verify</code></p>
    </Panel>
  );
}

function Drill({ a, now }: { a: ArchiveDetail; now: number }) {
  const d = a.drill;
  return (
    <Panel title={t.drill.title}>
      <p className={d ? (d.passed ? "good-text" : "bad") : "muted"}><strong>{d ? (d.passed ? t.drill.passed : t.drill.failed) : t.drill.never}</strong></p>
      {d?.detail && <p className="archive-detail">{d.detail}</p>}
      {d && (
        <dl className="facts">
          <Fact name={t.drill.when}><Ago at={d.time} now={now} /></Fact>
          <Fact name={t.drill.took}>{formatDuration(d.seconds)}</Fact>
          <Fact name={t.drill.rows}>{formatCount(d.rows)}</Fact>
          <Fact name={t.drill.size}>{formatBytes(d.bytes)}</Fact>
        </dl>
      )}
      <p className="muted small">{t.drill.how} <code className="mono">quoll archive drill</code></p>
    </Panel>
  );
}

function Witnesses({ a, now }: { a: ArchiveDetail; now: number }) {
  const w = t.witnesses;
  return (
    <Panel title={w.title}>
      {!a.witnesses || a.witnesses.length === 0 ? <p className="muted">{w.none}</p> : (
        <div className="table-frame table-frame-inner">
          <table className="table">
            <thead><tr><th scope="col">{w.name}</th><th scope="col">{w.size}</th><th scope="col">{w.when}</th><th scope="col">{w.state}</th></tr></thead>
            <tbody>
              {a.witnesses.map((one) => (
                <tr key={one.name}>
                  <td>{one.name}</td><td className="numeric">{formatCount(one.size)}</td><td><Ago at={one.time} now={now} /></td>
                  <td className={one.problem ? "bad" : "good-text"}>{one.problem || w.good}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Certificates({ a }: { a: ArchiveDetail }) {
  const c = t.certificates;
  if (a.days.length === 0) return <Panel title={c.title}><EmptyView title={c.none} detail={c.when} /></Panel>;
  const tenants = new Set(a.days.map((d) => d.tenantId)).size > 1;
  return (
    <Panel title={c.title}>
      <div className="table-frame table-frame-inner archive-days">
        <table className="table">
          <thead>
            <tr><th scope="col">{c.day}</th>{tenants && <th scope="col">{c.tenant}</th>}<th scope="col">{c.type}</th><th scope="col" className="right">{c.listed}</th><th scope="col" className="right">{c.fetched}</th><th scope="col" className="right">{c.lost}</th><th scope="col" className="right">{c.gaps}</th><th scope="col" className="right">{c.sequence}</th></tr>
          </thead>
          <tbody>
            {a.days.map((d) => (
              <tr key={d.tenantId + d.contentType + d.day}>
                <td className="nowrap">{d.day}</td>{tenants && <td>{d.tenantName || d.tenantId}</td>}<td>{d.contentType}</td>
                <td className="right numeric">{formatCount(d.listed)}</td><td className="right numeric">{formatCount(d.fetched)}</td>
                <td className={"right numeric" + (d.expired > 0 ? " bad" : "")}>{formatCount(d.expired)}</td><td className={"right numeric" + (d.gaps > 0 ? " bad" : "")}>{formatCount(d.gaps)}</td><td className="right numeric">{d.sequence}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

