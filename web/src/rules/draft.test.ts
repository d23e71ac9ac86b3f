import { describe, expect, it } from "vitest";
import { ruleQuery, ruleYaml, suggestEntities, type Draft } from "./draft";

const column = (name: string) => ({ name, type: "string" as const });

describe("a rule made of a query", () => {
  it("takes its entities from the columns of the result", () => {
    expect(suggestEntities([column("TimeGenerated"), column("ClientIP"), column("UserId"), column("RecipientEmailAddress")])).toEqual([
      { kind: "Account", identifier: "FullName", column: "UserId" },
      { kind: "IP", identifier: "Address", column: "ClientIP" },
    ]);
    expect(suggestEntities([column("Operation")])).toEqual([]);
  });
  it("leaves out what is drawn", () => {
    expect(ruleQuery("T\n| summarize count() by X\n| render timechart with (title=\"a\")\n")).toBe("T\n| summarize count() by X");
    expect(ruleQuery("T | where X == \"| render\" | take 1")).toBe("T | where X == \"| render\" | take 1");
  });
  it("is written as Sentinel's YAML", () => {
    const draft: Draft = {
      id: "6f0d2c1e-0000-4000-8000-000000000001", name: 'Rules: "new"', description: "", severity: "High", frequency: "5m", period: "1h", threshold: 0, perRow: true,
      tactics: ["Persistence"], entities: [{ kind: "Account", identifier: "FullName", column: "UserId" }], query: "T\n\n| where A == 1\n| render card",
    };
    expect(ruleYaml(draft)).toBe(
      'id: 6f0d2c1e-0000-4000-8000-000000000001\nname: "Rules: \\"new\\""\ndescription: ""\nkind: Scheduled\nversion: 1.0.0\nseverity: High\nqueryFrequency: 5m\nqueryPeriod: 1h\n' +
      "triggerOperator: gt\ntriggerThreshold: 0\ntactics:\n  - Persistence\nquery: |-\n  T\n\n  | where A == 1\n" +
      "entityMappings:\n  - entityType: Account\n    fieldMappings:\n      - identifier: FullName\n        columnName: UserId\neventGroupingSettings:\n  aggregationKind: AlertPerResult\n",
    );
  });
});
