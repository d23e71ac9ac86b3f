import { Button, MessageBar, MessageBarBody } from "@fluentui/react-components";
import { lazy, Suspense, useState } from "react";
import { api } from "../api/client";
import type { Connector } from "../api/types";
import { useResource } from "../api/useResource";
import { useMay } from "../app/settings";
import { formatCount, formatShort } from "../format/number";
import { formatDuration } from "../format/time";
import { text } from "../text/en";
import { tenantText } from "../text/tenants";
import { Ago, PageHeader, useNow } from "../ui/parts";
import { EmptyView, FailureView, LoadingRows, StaleBar } from "../ui/states";
import { PlugDisconnectedRegular, WarningFilled } from "../ui/icons";
import { ConnectorRow } from "./ConnectorRow";
import { Backfills } from "./Backfills";
import { Coverage } from "./Coverage";
import { GapCalendar } from "./GapCalendar";
import { Storage } from "./Storage";
import { useTurns } from "../ui/useTurns";
import "./connectors.css";

const RemoveTenant = lazy(() => import("./RemoveTenant").then((m) => ({ default: m.RemoveTenant })));
const AddTenant = lazy(() => import("./AddTenant").then((m) => ({ default: m.AddTenant })));

const t = text.connectors;
const every = 5000;

/** What arrives, how late, and why not; and what is kept of it. */
export default function ConnectorsPage() {
  const list = useResource("connectors", api.connectors, every, "sources");
  const status = useResource("status", api.status, every, "sources");
  // The browser's clock may be wrong: times are read by the server's.
  const offset = list.data ? new Date(list.data.now).getTime() - list.data.received : 0;
  const now = useNow() + offset;
  const may = useMay("Administrator");
  const adding = useTurns();
  const removing = useTurns();
  const [removed, setRemoved] = useState({ id: "", name: "" });
  const [said, setSaid] = useState<string>();
  const tenants = useResource(`tenants ${may}`, (signal) => (may ? api.tenants(signal) : Promise.resolve([])));
  const removable = new Set(tenants.data?.filter((one) => one.added).map((one) => one.id));
  const button = may && <Button appearance="primary" onClick={adding.begin}>{tenantText.add}</Button>;

  if (!list.data) {
    return <div className="page">{list.error ? <FailureView error={list.error} onRetry={list.reload} /> : <LoadingRows rows={8} />}</div>;
  }
  const connectors = list.data.connectors;
  return (
    <div className="page">
      <PageHeader title={t.title} detail={t.detail} actions={<><span className="live"><i aria-hidden="true" />{t.live}</span>{connectors.length > 0 && button}</>} />
      <StaleBar error={list.error} onRetry={list.reload} />
      {said && <MessageBar intent="success"><MessageBarBody>{said}</MessageBarBody></MessageBar>}
      {adding.turn > 0 && (
        <Suspense>
          <AddTenant key={adding.turn} open={adding.open} onClose={adding.end} onAdded={(name) => { adding.end(); setSaid(tenantText.added(name)); list.reload(); tenants.reload(); }} />
        </Suspense>
      )}
      {removing.turn > 0 && (
        <Suspense>
          <RemoveTenant key={removing.turn} open={removing.open} {...removed} onClose={removing.end} onRemoved={() => { removing.end(); setSaid(tenantText.removed(removed.name)); list.reload(); tenants.reload(); }} />
        </Suspense>
      )}
      {connectors.length === 0 ? (
        <EmptyView icon={<PlugDisconnectedRegular />} title={t.emptyTitle} detail={t.emptyDetail} action={button || undefined} />
      ) : (
        <>
          <Summary connectors={connectors} />
          {groups(connectors).map(([key, members]) => <Group key={key} connectors={members} now={now} onRemove={removable.has(members[0]!.tenantId) && members[0]!.source === "activity" ? (one) => { setRemoved(one); removing.begin(); } : undefined} />)}
          <Coverage />
          <GapCalendar now={now} />
          <Backfills tenants={tenantsOf(connectors)} now={now} />
        </>
      )}
      {status.data ? <Storage status={status.data} now={now} /> : status.error ? <FailureView error={status.error} onRetry={status.reload} /> : <LoadingRows rows={3} />}
    </div>
  );
}

/** The tenants whose audit log is collected, and so can be searched. */
function tenantsOf(connectors: Connector[]): { id: string; name: string }[] {
  const out = new Map<string, string>();
  for (const c of connectors) if (c.source === "activity") out.set(c.tenantId, c.tenantName || c.tenantId);
  return [...out].map(([id, name]) => ({ id, name }));
}

function groups(connectors: Connector[]): [string, Connector[]][] {
  const out = new Map<string, Connector[]>();
  for (const c of connectors) {
    const key = `${c.tenantId} ${c.source}`;
    out.set(key, [...(out.get(key) ?? []), c]);
  }
  return [...out];
}

/** The warnings of a tenant's connectors, each once: they share the application that signs in. */
function warnings(connectors: Connector[]) {
  const all = connectors.flatMap((c) => c.warnings ?? []);
  return all.filter((w, i) => all.findIndex((other) => other.cause === w.cause) === i);
}

function Summary({ connectors }: { connectors: Connector[] }) {
  const healthy = connectors.filter((c) => c.state === "healthy" || c.state === "finished").length;
  const lag = Math.max(0, ...connectors.map((c) => c.lagSeconds ?? 0));
  const sum = (f: (c: Connector) => number) => connectors.reduce((n, c) => n + f(c), 0);
  const tiles: [string, string, string][] = [
    [t.summary.connectors, `${healthy} / ${connectors.length}`, t.summary.healthy],
    [t.summary.records, formatShort(sum((c) => c.counts.recordsLastDay)), ""],
    [t.summary.lag, formatDuration(lag), ""],
    [t.summary.backlog, formatCount(sum((c) => c.backlog.payloads)), t.summary.payloads],
  ];
  return (
    <dl className="tiles">
      {tiles.map(([name, value, unit]) => (
        <div key={name} className="panel tile"><dt>{name}</dt><dd><span className="numeric">{value}</span> <span className="muted">{unit}</span></dd></div>
      ))}
    </dl>
  );
}

function Group({ connectors, now, onRemove }: { connectors: Connector[]; now: number; onRemove: ((tenant: { id: string; name: string }) => void) | undefined }) {
  const first = connectors[0]!;
  const name = first.tenantName || first.tenantId;
  const ends = connectors.map((c) => c.credentialEnds).filter(Boolean).sort()[0];
  const latest = connectors.map((c) => c.lastReceived).filter((at) => at !== null).sort().at(-1);
  return (
    <section className="panel connector-group" aria-label={first.title}>
      <div className="connector-group-head">
        <h2>{first.title}</h2>
        <span className="muted">{first.tenantName ? `${first.tenantName} · ` : ""}<span className="mono">{first.tenantId}</span></span>
        <div className="shell-space" />
        {ends && <span className="muted nowrap">{tenantText.credential}: <Ago at={ends} now={now} /></span>}
        <span className="muted nowrap">{t.written}: <Ago at={latest} now={now} /></span>
        {onRemove && <Button size="small" appearance="subtle" aria-label={tenantText.removeOf(name)} onClick={() => onRemove({ id: first.tenantId, name })}>{tenantText.remove}</Button>}
      </div>
      {warnings(connectors).map((w) => (
        <div key={w.cause} role="status" className="connector-warning">
          <WarningFilled aria-hidden="true" />
          <div><strong>{w.cause}</strong><p>{t.remedy}: {w.remedy}</p></div>
        </div>
      ))}
      <div className="table-frame table-frame-inner">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t.columns.content}</th><th scope="col">{t.columns.state}</th><th scope="col">{t.columns.last}</th>
              <th scope="col" className="right">{t.columns.lag}</th><th scope="col">{t.columns.trend}</th><th scope="col" className="right">{t.columns.hour}</th>
              <th scope="col" className="right">{t.columns.day}</th><th scope="col" className="right">{t.columns.total}</th><th scope="col" className="right">{t.columns.backlog}</th>
            </tr>
          </thead>
          <tbody>{connectors.map((c) => <ConnectorRow key={c.id} connector={c} now={now} />)}</tbody>
        </table>
      </div>
    </section>
  );
}
