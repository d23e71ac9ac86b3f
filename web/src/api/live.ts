import { useSyncExternalStore } from "react";
import { token } from "./client";

export type Topic = "incidents" | "sources";

/** One event of a stream. */
export interface LiveEvent { event: string; data: string }

/**
 * Reads server-sent events out of text as it comes in pieces; returns what is
 * whole, and what is not yet.
 */
export function parseEvents(text: string): { events: LiveEvent[]; rest: string } {
  const blocks = text.replaceAll("\r\n", "\n").split("\n\n");
  const rest = blocks.pop()!;
  const events = blocks.flatMap((block) => {
    let event = "message";
    const data: string[] = [];
    for (const line of block.split("\n")) {
      if (line.startsWith("event:")) event = line.slice(6).trim();
      else if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
    }
    return data.length > 0 ? [{ event, data: data.join("\n") }] : [];
  });
  return { events, rest };
}

/** Milliseconds before an attempt: they double up to a minute, with a share by chance. */
export function backOff(attempt: number, random: number): number {
  return Math.min(60_000, 1000 * 2 ** Math.min(attempt, 6)) * (0.5 + random / 2);
}

interface LiveState { connected: boolean; turns: Record<Topic, number> }

/**
 * One stream for the whole page, open while the page is seen. It is read with
 * fetch, which unlike EventSource sends the bearer token and lets us decide when
 * to try again.
 */
class Live {
  private state: LiveState = { connected: false, turns: { incidents: 0, sources: 0 } };
  private listeners = new Set<() => void>();
  private abort: AbortController | undefined;
  private attempt = 0;
  private timer = 0;

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.start();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.stop();
    };
  };

  readonly get = () => this.state;

  private start() {
    document.addEventListener("visibilitychange", this.onVisibility);
    if (!document.hidden) void this.open();
  }

  private stop() {
    document.removeEventListener("visibilitychange", this.onVisibility);
    this.close();
  }

  private readonly onVisibility = () => {
    this.close();
    this.attempt = 0;
    if (!document.hidden) void this.open();
  };

  private close() {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.abort = undefined;
    this.set({ connected: false });
  }

  private async open() {
    const abort = (this.abort = new AbortController());
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream" };
      if (token.get()) headers["Authorization"] = "Bearer " + token.get();
      const response = await fetch("/api/v1/events", { headers, signal: abort.signal, cache: "no-store" });
      if (!response.ok || !response.body) throw new Error(String(response.status));
      await this.read(response.body.pipeThrough(new TextDecoderStream()).getReader());
    } catch {
      // Whatever it was: pages ask by themselves until a stream is there again.
    }
    if (this.abort !== abort) return;
    this.set({ connected: false });
    this.timer = window.setTimeout(() => void this.open(), backOff(this.attempt++, Math.random()));
  }

  private async read(reader: ReadableStreamDefaultReader<string>) {
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const { events, rest } = parseEvents(text + value);
      text = rest;
      // The first bytes: a proxy that holds them back is no stream.
      if (!this.state.connected) this.set({ connected: true });
      this.attempt = 0;
      for (const { event } of events) {
        if (event === "incidents" || event === "sources") this.set({ turns: { ...this.state.turns, [event]: this.state.turns[event] + 1 } });
      }
    }
  }

  private set(change: Partial<LiveState>) {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }
}

const live = new Live();

/** Of how much a topic has changed, and whether that is told at all; see useResource. */
export function useLive(topic: Topic | undefined): { connected: boolean; turn: number } {
  const state = useSyncExternalStore(topic ? live.subscribe : never, live.get);
  return topic ? { connected: state.connected, turn: state.turns[topic] } : { connected: false, turn: 0 };
}

const never = () => () => {};
