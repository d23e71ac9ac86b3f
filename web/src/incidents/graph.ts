import type { Entity, Incident, IncidentDetail } from "../api/types";

/** A line between two nodes, by their places in their columns. */
export interface Edge { from: number; to: number }

/** Alerts at the left, what they are about in the middle, other incidents about the same at the right. */
export interface Graph { entities: Entity[]; incidents: Incident[]; ofAlerts: Edge[]; ofIncidents: Edge[] }

const same = (a: Entity, b: Entity) => a.kind === b.kind && a.value.toLowerCase() === b.value.toLowerCase();

/** Entities that most alerts and incidents are about come first. */
export function graphOf(incident: Pick<IncidentDetail, "id" | "alerts" | "entities">, others: Incident[]): Graph {
  const incidents = others.filter((o) => o.id !== incident.id && o.entities.some((e) => incident.entities.some((own) => same(e, own))));
  const weight = (e: Entity) => incident.alerts.filter((a) => a.entities.some((o) => same(o, e))).length + incidents.filter((i) => i.entities.some((o) => same(o, e))).length;
  const entities = [...incident.entities].sort((a, b) => weight(b) - weight(a));
  const edges = (things: { entities: Entity[] }[], flip: boolean): Edge[] =>
    things.flatMap((thing, n) => entities.flatMap((e, m) => (thing.entities.some((o) => same(o, e)) ? [flip ? { from: m, to: n } : { from: n, to: m }] : [])));
  return { entities, incidents, ofAlerts: edges(incident.alerts, false), ofIncidents: edges(incidents, true) };
}

/** Entities by which others are looked for: what many things have in common first. */
export const sought = (entities: Entity[]): string[] =>
  [...new Set(["Account", "Mailbox", "IP", "URL", "FileHash", "File", "DNS"].flatMap((kind) => entities.filter((e) => e.kind === kind).map((e) => e.value)))].slice(0, 6);
