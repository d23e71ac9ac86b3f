import { useCallback, useSyncExternalStore } from "react";

/** Whether the window is as a media query says, now and when it changes. */
export function useMedia(query: string): boolean {
  const subscribe = useCallback((changed: () => void) => {
    const media = matchMedia(query);
    media.addEventListener("change", changed);
    return () => media.removeEventListener("change", changed);
  }, [query]);
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}
