import { ApiError, explain } from "../api/client";
import type { QueryResult, Timespan } from "../api/types";
import type { LogsLink } from "./link";
import { boundsOwnTime, defaultRange, toTimespan, type TimeRange } from "./range";

export type Run =
  | { state: "idle" }
  | { state: "running"; started: number }
  /** timespan is what the range meant when it was run. */
  | { state: "done"; result: QueryResult; text: string; timespan: Timespan; finished: number }
  /** shift is the offset in the tab's text at which the text that was run begins. */
  | { state: "failed"; error: ApiError; text: string; shift: number }
  | { state: "cancelled" };

export interface Tab { id: string; title: string; text: string; range: TimeRange; run: Run }

export interface LogsState { tabs: Tab[]; active: string }

/** Where the texts of tabs survive a reload. */
export interface Memory { get(): string | null; set(value: string): void }

export type Runner = (query: string, timespan: Timespan, signal: AbortSignal) => Promise<QueryResult>;

/** A tab that was never run and holds only what new tabs hold can be reused. */
const isPristine = (tab: Tab) => tab.run.state === "idle" && tab.text.trim() === "";

/**
 * The tabs of the Logs page. It lives outside the page, so that results survive
 * a look at an incident, and knows nothing of the browser.
 */
export class LogsStore {
  private state: LogsState;
  private listeners = new Set<() => void>();
  private running = new Map<string, AbortController>();
  private counter = 0;

  constructor(
    private readonly run_: Runner,
    private readonly memory: Memory,
    private readonly now: () => number = Date.now,
  ) {
    this.state = this.restore() ?? this.fresh();
  }

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  readonly get = () => this.state;

  active(): Tab {
    return this.state.tabs.find((t) => t.id === this.state.active) ?? this.state.tabs[0]!;
  }

  activate(id: string) {
    this.set({ ...this.state, active: id });
  }

  /** Opens a tab with a query, or an empty one; returns its id. */
  open(link?: LogsLink): string {
    const reusable = link && this.state.tabs.find(isPristine);
    if (reusable) {
      this.change(reusable.id, { text: link.query, range: link.range, title: titleOf(link.query, reusable.title) });
      this.activate(reusable.id);
      return reusable.id;
    }
    const tab = this.tab(link?.query ?? "", link?.range ?? defaultRange);
    this.set({ tabs: [...this.state.tabs, tab], active: tab.id });
    return tab.id;
  }

  close(id: string) {
    this.cancel(id);
    const at = this.state.tabs.findIndex((t) => t.id === id);
    const tabs = this.state.tabs.filter((t) => t.id !== id);
    if (tabs.length === 0) return this.set(this.fresh());
    const active = this.state.active === id ? tabs[Math.min(at, tabs.length - 1)]!.id : this.state.active;
    this.set({ tabs, active });
  }

  setText(id: string, text: string) {
    const tab = this.state.tabs.find((t) => t.id === id);
    if (tab && tab.text !== text) this.change(id, { text, title: titleOf(text, tab.title) });
  }

  setRange(id: string, range: TimeRange) {
    this.change(id, { range });
  }

  /** Runs a text (all of a tab's, or a selection); a running one is cancelled. */
  async run(id: string, text: string, shift = 0) {
    const tab = this.state.tabs.find((t) => t.id === id);
    if (!tab || text.trim() === "") return;
    this.running.get(id)?.abort();
    const abort = new AbortController();
    this.running.set(id, abort);
    this.change(id, { run: { state: "running", started: this.now() } });
    const timespan = boundsOwnTime(text) ? {} : toTimespan(tab.range, this.now());
    const finish = (run: Run) => {
      if (this.running.get(id) !== abort) return; // a newer run, or a closed tab
      this.running.delete(id);
      this.change(id, { run });
    };
    try {
      const result = await this.run_(text, timespan, abort.signal);
      finish({ state: "done", result, text, timespan, finished: this.now() });
    } catch (cause) {
      finish(abort.signal.aborted ? { state: "cancelled" } : { state: "failed", error: explain(cause), text, shift });
    }
  }

  cancel(id: string) {
    this.running.get(id)?.abort();
  }

  private change(id: string, change: Partial<Tab>) {
    this.set({ ...this.state, tabs: this.state.tabs.map((t) => (t.id === id ? { ...t, ...change } : t)) });
  }

  private set(state: LogsState) {
    this.state = state;
    // A browser keeps some megabytes, and the text may be longer: then the last that fit are what a reload brings.
    try {
      this.memory.set(JSON.stringify({ active: state.active, tabs: state.tabs.map(({ text, range, id }) => ({ text, range, id })) }));
    } catch {
      // Nothing is lost while the page is there.
    }
    for (const listener of this.listeners) listener();
  }

  private tab(text: string, range: TimeRange): Tab {
    const number = ++this.counter;
    const title = `Query ${number}`;
    return { id: `tab-${number}`, title: titleOf(text, title), text, range, run: { state: "idle" } };
  }

  private fresh(): LogsState {
    const tab = this.tab("", defaultRange);
    return { tabs: [tab], active: tab.id };
  }

  private restore(): LogsState | undefined {
    try {
      const kept = JSON.parse(this.memory.get() ?? "") as { active: string; tabs: { id: string; text: string; range: TimeRange }[] };
      const tabs = kept.tabs.map(({ id, text, range }) => ({ was: id, ...this.tab(text, range) }));
      const active = tabs.find((t) => t.was === kept.active) ?? tabs[0]!;
      return { tabs: tabs.map(({ was: _, ...tab }) => tab), active: active.id };
    } catch {
      return undefined;
    }
  }
}

/** A tab is named after the first thing its query says, or keeps its name. */
export function titleOf(text: string, otherwise: string): string {
  const first = text
    .split("\n")
    .map((line) => line.trim())
    .find((line) => line !== "");
  if (!first) return otherwise;
  const title = first.replace(/^\/\/+\s*/, "");
  return title.length > 28 ? title.slice(0, 27) + "…" : title || otherwise;
}
