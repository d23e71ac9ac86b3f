/** The words of what is kept by hand: functions, indicators, exceptions, retention, holds, reports. */
export const keptText = {
  functions: {
    emptyTitle: "No saved functions", emptyDetail: "A function is KQL that every query and rule can call by its name.", name: "Name", version: "Version", updated: "Changed by", remove: "Remove", removeOf: (name: string) => `Remove ${name}`,
    save: "Save a function", nameHint: "Queries call it by this. One that is there gets another version.", parameters: "Parameters", parametersHint: "As in a let statement, without brackets: who:string, days:long = 7", description: "Description",
    body: "Text", bodyHint: "It is checked when it is saved.", run: "Save function", versions: "Versions", take: (n: number) => `Take version ${n}`, saved: (name: string, version: number) => `${name} has version ${version} now.`,
  },
  indicators: {
    emptyTitle: "No indicators", emptyDetail: "Addresses, domains, links and hashes of threats are read from TAXII collections of the configuration, or imported here.", value: "Value", kind: "Kind", source: "Source", confidence: "Confidence", until: "Good until", endless: "without end",
    search: "Search indicators", count: (shown: string, all: string) => `${shown} of ${all}`, unmatched: (n: string) => `${n} of a form that rules cannot match`, import: "Import indicators", sourceHint: "Who they are from; what it has already is changed", format: "Format", formats: { stix: "STIX 2.1 bundle", csv: "CSV" } as Record<string, string>,
    text: "Text", file: "File", run: "Import", taken: (changed: string, found: string) => `${changed} new or changed, of ${found}`, skipped: "Not taken",
    match: "Match with the past", matchHint: "Looks for indicators that are new in what was kept since a day.", since: "Since", matchRun: "Look for them", matching: "Looking…", matched: (n: number) => (n === 0 ? "Nothing was found." : `${n} ${n === 1 ? "alert was" : "alerts were"} raised.`),
  },
  exceptions: {
    emptyTitle: "No exceptions", emptyDetail: "An exception holds back alerts about one thing until a day, with a reason. What it holds back is kept and counted.", rule: "Rule", every: "every rule", about: "About", why: "Why", by: "By", ends: "Ends", held: "Held back", state: "State",
    active: "Active", ended: "Ended", waiting: "Waits for a second person", agree: "Agree", agreeOf: (value: string) => `Agree to the exception of ${value}`, remove: "End", removeOf: (value: string) => `End the exception of ${value}`, add: "Make an exception", kind: "Kind", value: "Value", run: "Make exception",
    second: "Rules that watch the watchers heed an exception only with a second person's word.",
  },
  retention: {
    rules: "Rules", none: "No rule is configured: nothing is removed.", name: "Rule", keep: "Kept", tables: "Tables", any: "all", cutoff: "Older is removed", basis: "Basis", table: "Table", rows: "Rows", size: "Size", oldest: "Oldest row", removed: "Removed so far", wins: "Rules that bear on it",
    holds: "Holds", noHolds: "Nothing is held.", last: "Last run", next: "Next run", never: "not yet", where: "Rules stand under retention in the configuration: docs/retention.md.", shorter: "shorter than ISM-1988 asks",
    preview: "What the next run would remove", previewRun: "Show", nothing: "Nothing would be removed.", by: "By rule", held: "Held back",
    tombstones: "What was removed", noTombstones: "Nothing was removed yet.", run: "Run", signed: "signed", unsigned: "not signed", problem: "It does not run",
  },
  holds: {
    title: "Legal holds", none: "Nothing is held.", name: "Name", reason: "Reason", covers: "Covers", by: "Set by", state: "State", active: "Holds", released: (who: string) => `Released by ${who}`, everything: "everything", tenant: "Tenant", tables: "Tables", tablesHint: "With commas; none is all", user: "User", from: "From (UTC)", to: "Before (UTC)",
    add: "Set a hold", addRun: "Set hold", release: "Release", releaseOf: (name: string) => `Release ${name}`, why: (name: string) => `Why ${name} is released`, hint: "What is held is neither removed from the tables nor disposed of in the archive. One person sets it, another releases it.", span: (from: string, to: string) => `${from} to ${to}`, ever: "ever",
  },
  reports: {
    title: "Mailbox exposure reports", detail: "What somebody with an account could see, over a span: messages opened, folders synchronised, rules, files, mail, sign-ins, and what cannot be told.", link: "Exposure reports",
    emptyTitle: "No reports", emptyDetail: "A report is made in the background and kept until it is taken away.", user: "User", userHint: "User principal name", from: "From (UTC)", to: "Before (UTC)", session: "Session", address: "IP address", optional: "All when left out", run: "Make report", by: "By", span: "Span", state: "State",
    states: { running: "Running", done: "Done", failed: "Failed", stopped: "Stopped" } as Record<string, string>, of: (done: number, total: number) => (total > 0 ? `${done} of ${total} sections` : "begins"), html: "HTML", json: "JSON", take: (format: string, user: string) => `Take the report about ${user} as ${format}`, remove: "Remove", removeOf: (user: string) => `Remove the report about ${user}`,
    section: "Section", rows: "Rows", truncated: "the first rows", hash: "SHA-256", open: (user: string) => `Sections of the report about ${user}`,
  },
  backtest: {
    title: "Backtest", run: "Backtest", running: "Running its windows…", over: "Over how long", days: (n: number) => `the last ${n} days`, found: (alerts: string, windows: string) => `${alerts} alerts in ${windows} windows`, stale: "(of another text)",
    failed: (n: number) => `${n} ${n === 1 ? "window" : "windows"} failed`, picture: "Alerts by day", alerts: (n: number) => `${n} ${n === 1 ? "alert" : "alerts"}`,
  },
  history: {
    title: "History", none: "It was not saved here: it ships, or is read from a folder.", version: (v: string) => `Version ${v}`, first: "As it was first saved", changed: "What changed since the version before", same: "Nothing changed.", by: "by", show: "History", hide: "Hide history",
  },
};
