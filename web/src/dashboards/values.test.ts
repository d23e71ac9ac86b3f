import { describe, expect, it } from "vitest";
import type { Dashboard } from "../api/types";
import { asked, defaults, readAddress, standalone, writeAddress } from "./values";

const d: Dashboard = {
  id: "mail", title: "Mail", description: "", own: false, imported: false, tiles: 1, range: "P1D",
  parameters: [
    { name: "person", label: "Person", type: "string", default: "" }, { name: "least", label: "Least", type: "long", default: "5" }, { name: "all", label: "All", type: "bool", default: "false" },
  ],
  contents: [{ title: "a", width: 2, height: "medium", query: "declare query_parameters(person:string, least:long);\nT | where U has person", parameters: ["person", "least"] }],
};

describe("values of a dashboard", () => {
  it("are sent in the type of their parameter, and only those that a query declares", () => {
    expect(asked(["person", "least"], d.parameters, { person: 'a"b', least: "7", all: "true" })).toEqual({ person: 'a"b', least: 7 });
    expect(asked(["all"], d.parameters, { all: "true" })).toEqual({ all: true });
    expect(asked(undefined, d.parameters, {})).toEqual({});
  });
  it("are written into a query for Logs, quoted", () => {
    expect(standalone(d.contents[0]!, d.parameters, { person: 'x" or true', least: "2" })).toBe('let person = "x\\" or true";\nlet least = 2;\nT | where U has person');
  });
  it("are in the address where they differ, and come back from it", () => {
    expect(writeAddress("mail", { last: "PT24H" }, defaults(d), d)).toBe("/dashboards/mail");
    const address = writeAddress("mail", { last: "P7D" }, { ...defaults(d), person: "a b" }, d);
    expect(address).toBe("/dashboards/mail#range=P7D&p.person=a%20b");
    expect(readAddress(address.slice(address.indexOf("#")), d)).toEqual({ range: { last: "P7D" }, values: { person: "a b", least: "5", all: "false" } });
    expect(readAddress("", d).range).toEqual({ last: "PT24H" });
  });
});
