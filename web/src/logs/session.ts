import { useEffect, useRef, useSyncExternalStore } from "react";
import { api } from "../api/client";
import { rewriteAddress, useLocation } from "../app/router";
import { formatLink, parseLink, sameLink } from "./link";
import { LogsStore, type LogsState } from "./store";

const key = "quoll.logs";

/** The tabs of this browser tab's session. */
export const store = new LogsStore(
  (query, timespan, signal) => api.query(query, timespan, signal),
  { get: () => localStorage.getItem(key), set: (value) => localStorage.setItem(key, value) },
);

export function useLogs(): LogsState {
  return useSyncExternalStore(store.subscribe, store.get);
}

/** Opens and runs what the address holds, whenever it changes. */
export function useAddress() {
  const location = useLocation();
  const opened = useRef("");
  useEffect(() => {
    if (!location.startsWith("/logs") || opened.current === location) return;
    opened.current = location;
    const link = parseLink(location.slice(location.indexOf("#")));
    if (!link) return;
    const same = store.get().tabs.find((tab) => tab.text && sameLink({ query: tab.text, range: tab.range }, link));
    const id = same?.id ?? store.open(link);
    store.activate(id);
    const tab = store.active();
    if (tab.run.state === "idle") void store.run(id, tab.text);
  }, [location]);
}

/** Makes the address reopen the tab that is shown. */
export function useAddressOf(state: LogsState) {
  const tab = state.tabs.find((t) => t.id === state.active);
  const text = tab?.text ?? "";
  const range = JSON.stringify(tab?.range);
  useEffect(() => {
    if (!tab || location.pathname !== "/logs") return;
    // While somebody types, the address need not follow each key.
    const timer = setTimeout(() => rewriteAddress(text ? formatLink({ query: text, range: tab.range }) : "/logs"), 400);
    return () => clearTimeout(timer);
  }, [text, range]);
}
