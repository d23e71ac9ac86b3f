import { useState, type ReactNode } from "react";
import { api } from "../api/client";
import type { IncidentDetail } from "../api/types";
import { useResource } from "../api/useResource";
import { linkTo } from "../app/router";
import { legible } from "../format/legible";
import { text } from "../text/en";
import { EntityIcon, SeverityTag, StatusTag } from "../ui/parts";
import { FailureView, LoadingRows } from "../ui/states";
import { graphOf, sought, type Edge } from "./graph";

const t = text.incidents.graph;
const row = 58;
const gap = 84;

/** What is pointed at: a column and a place in it. */
type Spot = { column: number; at: number } | undefined;

/** How alerts, entities and other incidents hang together. Every node is a link. */
export function EntityGraph({ incident, onAlert }: { incident: IncidentDetail; onAlert: (id: string) => void }) {
  const related = useResource("related " + incident.id, async (signal) => {
    const pages = await Promise.all(sought(incident.entities).map((value) => api.incidents({ status: [], severity: [], text: value, limit: 20 }, signal)));
    return [...new Map(pages.flatMap((p) => p.incidents).map((i) => [i.id, i])).values()];
  });
  const [spot, setSpot] = useState<Spot>();
  if (!related.data) return related.error ? <FailureView error={related.error} onRetry={related.reload} /> : <LoadingRows rows={4} />;
  const graph = graphOf(incident, related.data);
  const height = Math.max(incident.alerts.length, graph.entities.length, graph.incidents.length, 1) * row;
  const lit = (column: number, at: number) => reaches(graph.ofAlerts, graph.ofIncidents, spot, { column, at });
  const node = (column: number, at: number, content: ReactNode) => (
    <li
      key={at} className={"graph-node" + (spot && !lit(column, at) ? " graph-faint" : "")}
      onMouseEnter={() => setSpot({ column, at })} onMouseLeave={() => setSpot(undefined)} onFocus={() => setSpot({ column, at })} onBlur={() => setSpot(undefined)}
    >
      {content}
    </li>
  );
  return (
    <div className="graph" role="group" aria-label={t.label} tabIndex={0}>
      <Column name={t.alerts} height={height}>
        {incident.alerts.map((a, n) => node(0, n, <><button type="button" className="link-button graph-name" title={legible(a.name)} onClick={() => onAlert(a.id)}>{legible(a.name)}</button><span className="small"><SeverityTag severity={a.severity} /></span></>))}
      </Column>
      <Lines edges={graph.ofAlerts} height={height} left={incident.alerts.length} right={graph.entities.length} lit={(e) => !spot || (lit(0, e.from) && lit(1, e.to))} />
      <Column name={t.entities} height={height}>
        {graph.entities.map((e, n) => node(1, n, (
          <>
            <a className="graph-name with-icon" title={legible(e.value)} {...linkTo(`/entities/${encodeURIComponent(e.kind)}/${encodeURIComponent(e.value)}`)}><EntityIcon kind={e.kind} /><span>{legible(e.value)}</span></a>
            <span className="muted small">{text.entity[e.kind] ?? e.kind}</span>
          </>
        )))}
      </Column>
      <Lines edges={graph.ofIncidents} height={height} left={graph.entities.length} right={graph.incidents.length} lit={(e) => !spot || (lit(1, e.from) && lit(2, e.to))} />
      <Column name={t.related} height={height}>
        {graph.incidents.length === 0 ? <li className="muted small">{t.none}</li> : graph.incidents.map((i, n) => node(2, n, (
          <><a className="graph-name" title={legible(i.title)} {...linkTo("/incidents/" + encodeURIComponent(i.id))}>{legible(i.title)}</a><span className="small chip-row"><span className="muted numeric">#{i.number}</span><StatusTag status={i.status} /></span></>
        )))}
      </Column>
    </div>
  );
}

/** Whether a node is the one that is pointed at, or joined with it, over an entity if need be. */
function reaches(alerts: Edge[], incidents: Edge[], spot: Spot, node: { column: number; at: number }): boolean {
  if (!spot || (spot.column === node.column && spot.at === node.at)) return true;
  const entities = spot.column === 1 ? [spot.at] : spot.column === 0 ? alerts.filter((e) => e.from === spot.at).map((e) => e.to) : incidents.filter((e) => e.to === spot.at).map((e) => e.from);
  if (node.column === 1) return entities.includes(node.at);
  if (node.column === 0) return alerts.some((e) => e.from === node.at && entities.includes(e.to));
  return incidents.some((e) => e.to === node.at && entities.includes(e.from));
}

function Column({ name, height, children }: { name: string; height: number; children: ReactNode }) {
  return <section className="graph-column" aria-label={name}><h3>{name}</h3><ul style={{ height }}>{children}</ul></section>;
}

/** Where the middle of a node lies: columns are centred. */
const middle = (at: number, count: number, height: number) => (height - count * row) / 2 + (at + 0.5) * row;

function Lines({ edges, height, left, right, lit }: { edges: Edge[]; height: number; left: number; right: number; lit: (e: Edge) => boolean }) {
  return (
    <svg className="graph-lines" width={gap} height={height} viewBox={`0 0 ${gap} ${height}`} aria-hidden="true">
      {edges.map((e, n) => {
        const [y1, y2] = [middle(e.from, left, height), middle(e.to, right, height)];
        return <path key={n} className={lit(e) ? undefined : "graph-faint"} d={`M0 ${y1}C${gap / 2} ${y1} ${gap / 2} ${y2} ${gap} ${y2}`} />;
      })}
    </svg>
  );
}
