import { Button } from "@fluentui/react-components";
import { api } from "../api/client";
import type { EntityDetail } from "../api/types";
import { useResource } from "../api/useResource";
import { linkTo, navigate } from "../app/router";
import { legible } from "../format/legible";
import { formatCount } from "../format/number";
import { formatLink } from "../logs/link";
import { text } from "../text/en";
import { EntityIcon, Instant, PageHeader, SeverityTag, StatusTag } from "../ui/parts";
import { EmptyView, FailureView, LoadingRows } from "../ui/states";
import { OpenRegular } from "../ui/icons";
import "./incidents.css";

const t = text.entityPage;

/** One entity: when it was seen first and last, where, and what alerts say of it. */
export default function EntityPage({ kind, value }: { kind: string; value: string }) {
  const entity = useResource(`entity ${kind} ${value}`, (signal) => api.entity(kind, value, signal));
  return (
    <div className="page">
      <PageHeader
        title={<span className="entity-title"><EntityIcon kind={kind} />{legible(value)}</span>} name={value} detail={text.entity[kind] ?? kind}
        actions={entity.data && <Button size="small" icon={<OpenRegular />} onClick={() => navigate(formatLink({ query: entity.data!.query, range: { last: `P${entity.data!.days}D` } }))}>{text.incidents.openInLogs}</Button>}
      />
      {entity.data ? <Known entity={entity.data} /> : entity.error ? <FailureView error={entity.error} onRetry={entity.reload} /> : <LoadingRows rows={6} />}
    </div>
  );
}

function Known({ entity: e }: { entity: EntityDetail }) {
  return (
    <>
      <section className="panel" aria-label={t.seen}>
        <dl className="facts facts-row">
          <div><dt>{t.first}</dt><dd>{e.firstSeen ? <Instant at={e.firstSeen} /> : t.never}</dd></div>
          <div><dt>{t.last}</dt><dd>{e.lastSeen ? <Instant at={e.lastSeen} /> : t.never}</dd></div>
          <div><dt>{t.records}</dt><dd>{formatCount(e.records)} <span className="muted">{t.over(e.days)}</span></dd></div>
        </dl>
        {e.tables.length > 0 && (
          <div className="table-frame table-frame-inner"><table className="table">
            <thead><tr><th scope="col">{t.table}</th><th scope="col">{t.first}</th><th scope="col">{t.last}</th><th scope="col" className="right">{t.records}</th></tr></thead>
            <tbody>{e.tables.map((p) => <tr key={p.table}><td>{p.table}</td><td><Instant at={p.firstSeen} /></td><td><Instant at={p.lastSeen} /></td><td className="right numeric">{formatCount(p.records)}</td></tr>)}</tbody>
          </table></div>
        )}
      </section>
      <h2>{t.incidents}</h2>
      {e.incidents.length === 0 ? <EmptyView title={t.noIncidents} /> : (
        <ul className="panel entity-incidents">
          {e.incidents.map((i) => <li key={i.id}><SeverityTag severity={i.severity} /> <a {...linkTo("/incidents/" + encodeURIComponent(i.id))}>#{i.number} {legible(i.title)}</a> <StatusTag status={i.status} /></li>)}
        </ul>
      )}
      {e.alerts.length > 0 && (
        <>
          <h2>{t.alerts}</h2>
          <ul className="panel entity-incidents">{e.alerts.map((a) => <li key={a.id}><SeverityTag severity={a.severity} /> {a.name} <span className="muted"><Instant at={a.lastActivity} /></span></li>)}</ul>
        </>
      )}
    </>
  );
}
