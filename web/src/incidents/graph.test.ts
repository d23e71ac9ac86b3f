import { expect, test } from "vitest";
import type { Alert, Entity, Incident } from "../api/types";
import { graphOf, sought } from "./graph";

const ada: Entity = { kind: "Account", value: "ada@coast.example" };
const ip: Entity = { kind: "IP", value: "203.0.113.9" };
const url: Entity = { kind: "URL", value: "https://x.example" };

test("alerts lead to what they are about, and that to other incidents", () => {
  const incident = { id: "1", entities: [url, ip, ada], alerts: [{ entities: [ada] }, { entities: [ada, ip] }] as Alert[] };
  const others = [{ id: "1", entities: [ada] }, { id: "2", entities: [{ ...ada, value: "ADA@coast.example" }] }, { id: "3", entities: [{ kind: "Host", value: ip.value }] }] as Incident[];
  const graph = graphOf(incident, others);
  expect(graph.entities).toEqual([ada, ip, url]);
  expect(graph.incidents.map((i) => i.id)).toEqual(["2"]);
  expect(graph.ofAlerts).toEqual([{ from: 0, to: 0 }, { from: 1, to: 0 }, { from: 1, to: 1 }]);
  expect(graph.ofIncidents).toEqual([{ from: 0, to: 0 }]);
});

test("others are looked for by people before files", () => {
  expect(sought([{ kind: "File", value: "a.xlsx" }, ip, ada, ada])).toEqual([ada.value, ip.value, "a.xlsx"]);
});
