import type { ResultColumn, Severity } from "../api/types";

/** An entity of a rule: what it is, and which column says which. */
export interface DraftEntity { kind: string; identifier: string; column: string }

/** A rule as somebody makes it out of a query. */
export interface Draft {
  id: string;
  name: string;
  description: string;
  severity: Severity;
  /** As rules write lengths of time: 5m, 1h, 1d. */
  frequency: string;
  period: string;
  /** The rule fires when there are more rows than this. */
  threshold: number;
  perRow: boolean;
  tactics: string[];
  entities: DraftEntity[];
  query: string;
}

/** Columns that name an entity, by the names that Microsoft's tables have. */
const telling: [columns: string[], kind: string, identifier: string][] = [
  [["UserId", "AccountUpn", "UserPrincipalName", "RecipientEmailAddress", "Account"], "Account", "FullName"],
  [["ClientIP", "Client_IPAddress", "ClientIPAddress", "IPAddress", "SenderIPv4"], "IP", "Address"],
  [["MailboxOwnerUPN", "MailboxPrimaryAddress"], "Mailbox", "MailboxPrimaryAddress"],
  [["Url"], "URL", "Url"],
  [["NetworkMessageId"], "MailMessage", "NetworkMessageId"],
  [["SHA256"], "FileHash", "Value"],
];

/** The entities that the columns of a result suggest, at most one of a kind. */
export function suggestEntities(columns: ResultColumn[]): DraftEntity[] {
  const found: DraftEntity[] = [];
  for (const [names, kind, identifier] of telling) {
    const column = names.find((name) => columns.some((c) => c.name === name));
    if (column) found.push({ kind, identifier, column });
  }
  return found;
}

/** A query as a rule has it: what is drawn of it means nothing there. */
export function ruleQuery(query: string): string {
  return query.replace(/\|\s*render\b[^|;]*$/i, "").trim();
}

/** Text in double quotes: JSON's form is YAML's. */
const quoted = (text: string) => JSON.stringify(text);

/** The rule in Sentinel's YAML form, which the server keeps as it is. */
export function ruleYaml(d: Draft): string {
  const lines = [
    `id: ${d.id}`,
    `name: ${quoted(d.name)}`,
    `description: ${quoted(d.description)}`,
    "kind: Scheduled",
    "version: 1.0.0",
    `severity: ${d.severity}`,
    `queryFrequency: ${d.frequency}`,
    `queryPeriod: ${d.period}`,
    "triggerOperator: gt",
    `triggerThreshold: ${d.threshold}`,
  ];
  if (d.tactics.length > 0) lines.push("tactics:", ...d.tactics.map((tactic) => `  - ${tactic}`));
  lines.push("query: |-", ...ruleQuery(d.query).split("\n").map((line) => ("  " + line).trimEnd()));
  if (d.entities.length > 0) {
    lines.push("entityMappings:");
    for (const e of d.entities) {
      lines.push(`  - entityType: ${e.kind}`, "    fieldMappings:", `      - identifier: ${e.identifier}`, `        columnName: ${e.column}`);
    }
  }
  lines.push("eventGroupingSettings:", `  aggregationKind: ${d.perRow ? "AlertPerResult" : "SingleAlert"}`);
  return lines.join("\n") + "\n";
}
