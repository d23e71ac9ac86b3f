import type {
  AccessToken, AutomationRule, AutomationStep, AutomationTest, AutomationTested, ArchiveDetail, ArchiveTask, AssuranceReport, Backfill, Backtest, BacktestRequest, ConnectorList, Dashboard, DashboardEntry, Diagnostic, Disposal,
  EntityDetail, Erasure, Exception, GapCalendar, Hold, HoldScope, ImportedDashboard, ImportedRule, IncidentChange, IncidentDetail, IncidentPage, IndicatorList, IndicatorsTaken, Investigation,
  MessageCoverage, NewNote, NewToken, Note, NotificationState, Person, QueryPlan, QueryResult, ReconciledHours, Register, RetentionPreview,
  RetentionState, Role, Rule, SavedFunction, Schema, Session, Status, TenantEntry, TenantFinding, TenantRequest, Timespan, Tombstone, Watchlist,
} from "./types";

/** Why a request failed, in words for the user. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly diagnostics: Diagnostic[] = [],
    readonly requestId = "",
  ) {
    super(message);
    this.name = "ApiError";
  }
}

const tokenKey = "quoll.token";

/** The bearer token lives as long as the browser's tab. */
export const token = {
  get: () => sessionStorage.getItem(tokenKey) ?? "",
  set: (value: string) => sessionStorage.setItem(tokenKey, value),
  clear: () => sessionStorage.removeItem(tokenKey),
};

/** Called when nobody is signed in; the app shows its form. */
let askWho: () => void = () => {};
export function onSignInWanted(handler: () => void) {
  askWho = handler;
}

async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  return (await (await ask(method, path, body, signal)).json()) as T;
}

/** Makes a request; anything but a success is thrown. */
async function ask(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json", "X-Quoll-Request": "1" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token.get()) headers["Authorization"] = "Bearer " + token.get();
  let response: Response;
  try {
    response = await fetch("/api/v1" + path, {
      method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError("offline", "Quoll does not answer. It may have been stopped, or the connection is down.");
  }
  if (response.ok) return response;
  if (response.status === 401 && path !== "/sign-in") askWho();
  throw await failure(response);
}

async function failure(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as {
      error: { code: string; message: string; diagnostics?: Diagnostic[]; requestId?: string };
    };
    return new ApiError(error.code, error.message, error.diagnostics, error.requestId);
  } catch {
    return new ApiError("internal", `The server answered ${response.status} without an explanation.`);
  }
}

export interface IncidentFilter {
  status: string[];
  severity: string[];
  /** Exactly; "-" for nobody's. */
  owner?: string;
  text: string;
  limit?: number;
}

/** An answer that is a file, with the name that the server gives it. */
async function fetchFile(method: string, path: string, body?: unknown): Promise<{ name: string; blob: Blob }> {
  const response = await ask(method, path, body);
  const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "file";
  return { name, blob: await response.blob() };
}

export const api = {
  /** How one can sign in here. */
  ways: () => call<{ password: boolean; token: boolean }>("GET", "/sign-in"),
  signIn: (by: { link: string } | { name: string; password: string }) => call<Session>("POST", "/sign-in", by),
  signOut: () => call<object>("DELETE", "/session"),
  session: (signal?: AbortSignal) => call<Session>("GET", "/session", undefined, signal),
  setPassword: (current: string, password: string) => call<Session>("PUT", "/session/password", { current, password }),
  people: async (signal?: AbortSignal) => (await call<{ people: Person[] }>("GET", "/people", undefined, signal)).people,
  invite: (name: string, role: Role) => call<{ path: string }>("POST", "/people", { name, role }),
  changePerson: (id: string, change: { role?: Role; disabled?: boolean }) => call<Person>("PATCH", "/people/" + encodeURIComponent(id), change),
  tokens: async (signal?: AbortSignal) => (await call<{ tokens: AccessToken[] }>("GET", "/tokens", undefined, signal)).tokens,
  /** Zero days: without an end. */
  newToken: (name: string, role: Role, days: number) =>
    call<NewToken>("POST", "/tokens", { name, role, ...(days > 0 && { expires: new Date(Date.now() + days * 86_400_000).toISOString() }) }),
  revokeToken: (id: string) => call<object>("DELETE", "/tokens/" + encodeURIComponent(id)),
  notifications: (signal?: AbortSignal) => call<NotificationState>("GET", "/notifications", undefined, signal),
  testTarget: (name: string) => call<object>("POST", `/notifications/${encodeURIComponent(name)}/test`, {}),
  watchlists: async (signal?: AbortSignal) => (await call<{ watchlists: Watchlist[] }>("GET", "/watchlists", undefined, signal)).watchlists,
  watchlist: (alias: string, signal?: AbortSignal) => call<Watchlist>("GET", "/watchlists/" + encodeURIComponent(alias), undefined, signal),
  importWatchlist: (alias: string, csv: string, searchKey: string, description: string) => call<Watchlist>("PUT", "/watchlists/" + encodeURIComponent(alias), { csv, searchKey, description }),
  removeWatchlist: (alias: string) => call<object>("DELETE", "/watchlists/" + encodeURIComponent(alias)),
  schema: (signal?: AbortSignal) => call<Schema>("GET", "/schema", undefined, signal),
  query: (query: string, timespan: Timespan, signal?: AbortSignal, parameters?: Record<string, string | number | boolean>) =>
    call<QueryResult>("POST", "/query", { query, timespan, ...(parameters && { parameters }) }, signal),
  plan: (query: string, timespan: Timespan, signal?: AbortSignal) => call<QueryPlan>("POST", "/query/plan", { query, timespan }, signal),
  exportQuery: async (query: string, timespan: Timespan, format: "parquet" | "xlsx") => {
    const response = await ask("POST", "/query/export", { query, timespan, format });
    return { body: await response.blob(), rows: Number(response.headers.get("X-Quoll-Rows")), truncated: response.headers.get("X-Quoll-Truncated") === "true" };
  },
  backtest: (r: BacktestRequest) => call<Backtest>("POST", "/rules/backtest", r),
  saveRule: (yaml: string) => call<Rule>("POST", "/rules", { yaml }),
  /** The rules of a file: YAML of Sentinel or Sigma, or an ARM template; none where it holds something else. */
  importRules: async (name: string, fileText: string) => (await call<{ rules: ImportedRule[] }>("POST", "/rules/import", { name, text: fileText })).rules,
  rules: async (signal?: AbortSignal) => (await call<{ rules: Rule[] }>("GET", "/rules", undefined, signal)).rules,
  dashboards: async (signal?: AbortSignal) => (await call<{ dashboards: DashboardEntry[] }>("GET", "/dashboards", undefined, signal)).dashboards,
  dashboard: (id: string, signal?: AbortSignal) => call<Dashboard>("GET", "/dashboards/" + encodeURIComponent(id), undefined, signal),
  importDashboard: (name: string, fileText: string) => call<ImportedDashboard>("POST", "/dashboards", { name, text: fileText }),
  removeDashboard: (id: string) => call<object>("DELETE", "/dashboards/" + encodeURIComponent(id)),
  notes: async (signal?: AbortSignal) => (await call<{ notes: Note[] }>("GET", "/notes", undefined, signal)).notes,
  addNote: (note: NewNote) => call<Note>("POST", "/notes", note),
  removeNote: (id: string) => call<object>("DELETE", "/notes/" + encodeURIComponent(id)),
  incidents: (filter: IncidentFilter, signal?: AbortSignal) => {
    const parameters = new URLSearchParams();
    if (filter.status.length) parameters.set("status", filter.status.join(","));
    if (filter.severity.length) parameters.set("severity", filter.severity.join(","));
    if (filter.owner) parameters.set("owner", filter.owner);
    if (filter.text) parameters.set("text", filter.text);
    if (filter.limit) parameters.set("limit", String(filter.limit));
    return call<IncidentPage>("GET", "/incidents?" + parameters, undefined, signal);
  },
  incident: (id: string, signal?: AbortSignal) =>
    call<IncidentDetail>("GET", "/incidents/" + encodeURIComponent(id), undefined, signal),
  merge: (id: string, others: string[]) => call<IncidentDetail>("POST", `/incidents/${encodeURIComponent(id)}/merge`, { others }),
  split: async (id: string, alerts: string[]) => (await call<{ id: string }>("POST", `/incidents/${encodeURIComponent(id)}/split`, { alerts })).id,
  addTask: (id: string, title: string) => call<IncidentDetail>("POST", `/incidents/${encodeURIComponent(id)}/tasks`, { title }),
  setTask: (id: string, task: string, done: boolean) => call<IncidentDetail>("PATCH", `/incidents/${encodeURIComponent(id)}/tasks/${encodeURIComponent(task)}`, { done }),
  register: (id: string, signal?: AbortSignal) => call<Register>("GET", `/incidents/${encodeURIComponent(id)}/register`, undefined, signal),
  changeRegister: (id: string, change: { description?: string; actions?: string }) => call<Register>("PATCH", `/incidents/${encodeURIComponent(id)}/register`, change),
  addReport: (id: string, to: string, reference: string) => call<Register>("POST", `/incidents/${encodeURIComponent(id)}/reports`, { to, reference }),
  reportText: async (id: string) => (await call<{ text: string }>("GET", `/incidents/${encodeURIComponent(id)}/report`)).text,
  exportIncident: (id: string) => fetchFile("POST", `/incidents/${encodeURIComponent(id)}/export`),
  entity: (kind: string, value: string, signal?: AbortSignal) => call<EntityDetail>("GET", "/entities?" + new URLSearchParams({ kind, value }), undefined, signal),
  changeIncident: (id: string, change: IncidentChange) =>
    call<IncidentDetail>("PATCH", "/incidents/" + encodeURIComponent(id), change),
  connectors: async (signal?: AbortSignal): Promise<ConnectorList> => ({
    ...(await call<Omit<ConnectorList, "received">>("GET", "/connectors", undefined, signal)),
    received: Date.now(),
  }),
  checkTenant: async (request: TenantRequest, found: (f: TenantFinding) => void, signal: AbortSignal, broken: string) => eachLine(await ask("POST", "/tenants/check", request, signal), found, broken),
  tenants: async (signal?: AbortSignal) => (await call<{ tenants: TenantEntry[] }>("GET", "/tenants", undefined, signal)).tenants,
  removeTenant: (id: string) => call<object>("DELETE", "/tenants/" + encodeURIComponent(id)),
  addTenant: (request: TenantRequest) => call<TenantEntry>("POST", "/tenants", request),
  functions: async (signal?: AbortSignal) => (await call<{ functions: SavedFunction[] }>("GET", "/functions", undefined, signal)).functions,
  savedFunction: (name: string, version?: number) => call<SavedFunction>("GET", "/functions/" + encodeURIComponent(name) + (version ? `?version=${version}` : "")),
  saveFunction: (name: string, f: { parameters: string; body: string; description: string }) =>
    call<SavedFunction>("PUT", "/functions/" + encodeURIComponent(name), { parameters: f.parameters, body: f.body, description: f.description }),
  removeFunction: (name: string) => call<object>("DELETE", "/functions/" + encodeURIComponent(name)),
  indicators: (signal?: AbortSignal) => call<IndicatorList>("GET", "/indicators?limit=10000", undefined, signal),
  importIndicators: (given: { source: string; format: string; text: string }) => call<IndicatorsTaken>("POST", "/indicators", given),
  matchBackwards: async (from: string) => (await call<{ alerts: number }>("POST", "/indicators/matches", { from })).alerts,
  exceptions: async (signal?: AbortSignal) => (await call<{ exceptions: Exception[] }>("GET", "/exceptions", undefined, signal)).exceptions,
  addException: (e: Pick<Exception, "ruleId" | "kind" | "value" | "why" | "expires">) => call<Exception>("POST", "/exceptions", e),
  agreeException: (id: string) => call<Exception>("POST", `/exceptions/${encodeURIComponent(id)}/agreement`, {}),
  removeException: (id: string) => call<object>("DELETE", "/exceptions/" + encodeURIComponent(id)),
  automation: async (signal?: AbortSignal) => (await call<{ rules: AutomationRule[] }>("GET", "/automation", undefined, signal)).rules,
  saveAutomation: (text: string) => call<AutomationRule>("POST", "/automation", { text }),
  enableAutomation: (id: string, enabled: boolean) => call<AutomationRule>("PATCH", "/automation/" + encodeURIComponent(id), { enabled }),
  removeAutomation: (id: string) => call<object>("DELETE", "/automation/" + encodeURIComponent(id)),
  testAutomation: (t: AutomationTest) => call<AutomationTested>("POST", "/automation/test", t),
  automationSteps: async (incident: number, signal?: AbortSignal) =>
    (await call<{ steps: AutomationStep[] }>("GET", "/automation/steps" + (incident > 0 ? `?incident=${incident}` : ""), undefined, signal)).steps,
  holds: async (signal?: AbortSignal) => (await call<{ holds: Hold[] }>("GET", "/archive/holds", undefined, signal)).holds,
  addHold: (name: string, reason: string, scope: HoldScope) => call<Hold>("POST", "/archive/holds", { name, reason, scope }),
  releaseHold: (id: string, why: string) => call<Hold>("POST", `/archive/holds/${encodeURIComponent(id)}/release`, { why }),
  disposals: async (signal?: AbortSignal) => (await call<{ disposals: Disposal[] }>("GET", "/archive/disposals", undefined, signal)).disposals,
  proposeDisposal: (reason: string) => call<Disposal>("POST", "/archive/disposals", { reason }),
  confirmDisposal: (id: string) => call<Disposal>("POST", `/archive/disposals/${encodeURIComponent(id)}/confirmation`, {}),
  erasures: async (signal?: AbortSignal) => (await call<{ erasures: Erasure[] }>("GET", "/archive/erasures", undefined, signal)).erasures,
  planErasure: (names: string[], reason: string) => call<Erasure>("POST", "/archive/erasures", { names, reason }),
  approveErasure: (id: string) => call<Erasure>("POST", `/archive/erasures/${encodeURIComponent(id)}/approval`, {}),
  runErasure: (id: string) => call<Erasure>("POST", `/archive/erasures/${encodeURIComponent(id)}/run`, {}),
  retention: (signal?: AbortSignal) => call<RetentionState>("GET", "/retention", undefined, signal),
  retentionPreview: () => call<RetentionPreview>("GET", "/retention/preview"),
  tombstones: async (signal?: AbortSignal) => (await call<{ tombstones: Tombstone[] }>("GET", "/retention/tombstones", undefined, signal)).tombstones,
  investigations: async (signal?: AbortSignal) => (await call<{ investigations: Investigation[] }>("GET", "/investigations", undefined, signal)).investigations,
  startInvestigation: (r: { user: string; from: string; to: string; session?: string; address?: string }) => call<Investigation>("POST", "/investigations", r),
  investigationReport: (id: string, format: "html" | "json") => fetchFile("GET", `/investigations/${encodeURIComponent(id)}/report?format=${format}`),
  removeInvestigation: (id: string) => call<object>("DELETE", "/investigations/" + encodeURIComponent(id)),
  coverage: (signal?: AbortSignal) => call<MessageCoverage>("GET", "/messages/coverage", undefined, signal),
  gaps: async (filter: { from: string; to: string; interval: "hour" | "day" }, signal?: AbortSignal): Promise<GapCalendar> => {
    const page = (skip: number) => call<GapCalendar>("GET", "/gaps?" + new URLSearchParams({ ...filter, ...(skip > 0 && { skip: String(skip) }) }), undefined, signal);
    const { next: first, ...calendar } = await page(0);
    for (let next = first; next; ) {
      const more = await page(next);
      calendar.rows.push(...more.rows);
      next = more.next;
    }
    return calendar;
  },
  backfills: (signal?: AbortSignal) => call<{ backfills: Backfill[] }>("GET", "/backfills", undefined, signal),
  startBackfill: (request: { tenant: string; from: string; to: string }) => call<Backfill>("POST", "/backfills", request),
  status: (signal?: AbortSignal) => call<Status>("GET", "/status", undefined, signal),
  archive: (signal?: AbortSignal) => call<ArchiveDetail>("GET", "/archive", undefined, signal),
  reconciledHours: (filter: { differing: boolean; limit: number }, signal?: AbortSignal) =>
    call<ReconciledHours>("GET", "/archive/hours?" + new URLSearchParams({ differing: String(filter.differing), limit: String(filter.limit) }), undefined, signal),
  startArchiveTask: (kind: ArchiveTask["kind"]) => call<ArchiveTask>("POST", "/archive/tasks", { kind }),
  evidence: (id: string) => fetchFile("POST", "/archive/evidence", { id }),
  absence: (question: { tenant: string; operation: string; subject: string; from: string; to: string }) => fetchFile("POST", "/archive/absence", question),
  assurance: (signal?: AbortSignal) => call<AssuranceReport>("GET", "/assurance", undefined, signal),
  assuranceReport: (format: "html" | "oscal") => fetchFile("GET", "/assurance/report?format=" + format),
  assess: (id: string, status: string, remark: string) => call<object>("PUT", "/assurance/items/" + encodeURIComponent(id), { status, remark }),
};

/** Hands on each line of JSON of an answer as it comes, but for the last, without which it is not whole. */
async function eachLine<T>(response: Response, found: (line: T) => void, broken: string): Promise<void> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let done = false;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const lines = (rest + part.value).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const value = JSON.parse(line) as T & { done?: boolean };
        if (value.done) done = true;
        else found(value);
      }
    }
  } catch {
    done = false;
  }
  if (!done) throw new ApiError("offline", broken);
}

/** What to show for anything that was thrown. */
export function explain(cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  return new ApiError("internal", cause instanceof Error ? cause.message : String(cause));
}
