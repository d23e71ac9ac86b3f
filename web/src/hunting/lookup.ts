/** What somebody pasted, as far as its form tells. */
export type Kind = "address" | "domain" | "url" | "hash" | "ip" | "messageId" | "word";

/** Undoes how addresses are made harmless for mails and reports: hxxps://a[.]b. */
export function refang(text: string): string {
  return text
    .trim()
    .replace(/^["'<]+|["'>]+$/g, "")
    .replace(/^hxxp/i, "http")
    .replace(/\[(\.|:|:\/\/)\]/g, "$1")
    .replace(/\((\.)\)/g, "$1")
    .replace(/\[(at|@)\]/gi, "@");
}

export function kindOf(value: string): Kind {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return "url";
  if (/^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/i.test(value)) return "hash";
  if (/^(?:\d{1,3}\.){3}\d{1,3}$/.test(value) && value.split(".").every((n) => Number(n) < 256)) return "ip";
  if (/^[0-9a-f:]*:[0-9a-f:]*:[0-9a-f.:]*$/i.test(value)) return "ip";
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) return "messageId";
  // An address of a person or an id of a message: the latter has odd names before the @.
  if (/^[^\s@]+@[^\s@]+$/.test(value)) return /^[^@]{25,}@/.test(value) || /@.*(?:prod|outlook|mx|local)\b/i.test(value) && !/^[a-z][a-z0-9._'+-]*@/i.test(value) ? "messageId" : "address";
  if (/^(?:[a-z0-9_](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/i.test(value)) return "domain";
  return "word";
}

/** A text as KQL writes it. */
export const literal = (value: string) => `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replace(/[\r\n\t]+/g, " ")}"`;

/** Where a value is: rows, the first and the last, table by table. */
export const lookupQuery = (value: string) =>
  `search ${literal(value)}\n| summarize Rows = count(), First = min(TimeGenerated), Last = max(TimeGenerated) by Table = $table\n| sort by Rows desc`;

/** The rows themselves, of one table. */
export const rowsQuery = (table: string, value: string) => `search in (${table}) ${literal(value)}\n| sort by TimeGenerated desc\n| take 1000`;

/** How many rows a query gives. A last line that is a comment must not hide it. */
export const countQuery = (query: string) => `${query.replace(/[\s;]+$/, "")}\n| count`;
