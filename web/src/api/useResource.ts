import { useCallback, useEffect, useRef, useState } from "react";
import { explain, type ApiError } from "./client";
import { useLive, type Topic } from "./live";

export interface Resource<T> {
  /** The last answer; kept while a newer one is fetched and when that fails. */
  data: T | undefined;
  error: ApiError | undefined;
  loading: boolean;
  /** Replaces the answer, for instance by that of a change. */
  replace: (data: T) => void;
  reload: () => void;
}

/** How often is asked where the server tells of changes, in case it misses one. */
const seldom = 120_000;

/**
 * Fetches on mount, whenever key changes, when the server tells of a change in
 * topic, and every `every` milliseconds while it does not and the page is
 * visible. A newer fetch cancels an older one.
 */
export function useResource<T>(key: string, fetcher: (signal: AbortSignal) => Promise<T>, every_ = 0, topic?: Topic): Resource<T> {
  const live = useLive(topic);
  const every = live.connected ? seldom : every_;
  const [state, setState] = useState<{ key: string; data?: T; error?: ApiError; loading: boolean }>({ key, loading: true });
  const [turn, setTurn] = useState(0);
  const latest = useRef(fetcher);
  latest.current = fetcher;
  /** How often the answer was replaced: what was asked before may not know of the change. */
  const replaced = useRef(0);

  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    const again = () => {
      if (every > 0 && !abort.signal.aborted) timer = window.setTimeout(load, every);
    };
    const load = async () => {
      if (document.hidden) return again();
      const before = replaced.current;
      try {
        const data = await latest.current(abort.signal);
        if (abort.signal.aborted) return;
        if (before !== replaced.current) return void load();
        setState({ key, data, loading: false });
      } catch (cause) {
        if (abort.signal.aborted) return;
        setState((old) => ({ key, data: old.key === key ? old.data : undefined, error: explain(cause), loading: false }));
      }
      again();
    };
    setState((old) => (old.key === key ? { ...old, loading: true } : { key, loading: true }));
    void load();
    return () => {
      abort.abort();
      window.clearTimeout(timer);
    };
  }, [key, every, turn, live.turn]);

  const replace = useCallback((data: T) => {
    replaced.current++;
    setState((old) => ({ ...old, data, error: undefined }));
  }, []);
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  const current = state.key === key;
  return {
    data: current ? state.data : undefined,
    error: current ? state.error : undefined,
    loading: current ? state.loading : true,
    replace,
    reload,
  };
}
