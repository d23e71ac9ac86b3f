import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
const here = () => location.pathname + location.hash;
let current = here();

function notify() {
  current = here();
  listeners.forEach((listener) => listener());
}
window.addEventListener("popstate", notify);
window.addEventListener("hashchange", notify);

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/**
 * The path and fragment that somebody went to: "/logs#query=T". It is not read
 * from the browser on every look, since rewriteAddress goes nowhere.
 */
export function useLocation(): string {
  return useSyncExternalStore(subscribe, () => current);
}

/** Names the entry of the browser's history that is shown; "" for one that this app did not make. */
export const place = (): string => (history.state as { place?: string } | null)?.place ?? "";
const life = Date.now(); // entries outlive a reload, what is known of them does not
let places = 0;
const another = () => ({ place: `${life}-${++places}` });
history.replaceState(another(), "");

/** Goes to a page of this app. */
export function navigate(to: string) {
  history.pushState(another(), "", to);
  notify();
}

/** Goes there without a step back, for a path that only stands for another. */
export function redirect(to: string) {
  history.replaceState(another(), "", to);
  notify();
}

/** Corrects the address without telling the app, which is there already. */
export function rewriteAddress(to: string) {
  history.replaceState(history.state, "", to);
}

/** Properties of a link that stays in the app unless the user asks otherwise. */
export function linkTo(to: string) {
  return {
    href: to,
    onClick: (e: React.MouseEvent) => {
      if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
      e.preventDefault();
      navigate(to);
    },
  };
}
