import { useEffect, useRef, useSyncExternalStore } from "react";
import { api } from "../api/client";
import { rewriteAddress, useLocation } from "../app/router";
import { writeHistory } from "./history";
import { formatLink, parseLink, sameLink } from "./link";
import { LogsStore, type LogsState, type Tab } from "./store";

const key = "quoll.logs";
const addressKey = "quoll.logs.address";

/** The tabs of this browser tab's session. */
export const store = new LogsStore(
  (query, timespan, signal) => {
    writeHistory(query, Date.now());
    return api.query(query, timespan, signal);
  },
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
    const isLink = (tab: Tab) => tab.text !== "" && sameLink({ query: tab.text, range: tab.range }, link);
    const same = store.get().tabs.find(isLink);
    // After a reload the address may be that of the tab some keys ago.
    if (!same && sessionStorage.getItem(addressKey) === location) return;
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
    const timer = setTimeout(() => {
      rewriteAddress(text ? formatLink({ query: text, range: tab.range }) : "/logs");
      sessionStorage.setItem(addressKey, location.pathname + location.hash);
    }, 400);
    return () => clearTimeout(timer);
  }, [text, range]);
}
