import { useEffect, useLayoutEffect, useRef, type RefObject } from "react";
import { place } from "./router";

/** For so long a page may grow until it has the height it had; in milliseconds. */
const patience = 5000;

/**
 * Begins each page at its top, and comes back to where one was on it by the browser's
 * back and forward. Rows come after the page, so it waits for them, until somebody
 * scrolls or presses a key. What had the focus and is gone gives it to the page.
 */
export function useScroll(main: RefObject<HTMLElement | null>, path: string) {
  const tops = useRef(new Map<string, number>());
  const first = useRef(true);
  useLayoutEffect(() => {
    const element = main.current!;
    const here = place();
    const wanted = (here && tops.current.get(here)) || 0;
    element.scrollTop = wanted;
    let settled = wanted === 0;
    const settle = () => {
      settled = true;
      watch.disconnect();
    };
    const watch = new ResizeObserver(() => {
      if (settled) return;
      element.scrollTop = wanted;
      if (element.scrollTop >= wanted - 1) settle();
    });
    const content = new MutationObserver(() => watchChildren());
    const watchChildren = () => [...element.children].forEach((child) => watch.observe(child));
    watchChildren();
    content.observe(element, { childList: true });
    const timer = window.setTimeout(settle, patience);
    const onScroll = () => {
      if (settled && here) tops.current.set(here, element.scrollTop);
    };
    const own = ["wheel", "touchstart", "keydown", "pointerdown"] as const;
    own.forEach((name) => element.addEventListener(name, settle, { passive: true }));
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      clearTimeout(timer);
      watch.disconnect();
      content.disconnect();
      own.forEach((name) => element.removeEventListener(name, settle));
      element.removeEventListener("scroll", onScroll);
    };
  }, [main, path]);
  useEffect(() => {
    if (!first.current && document.activeElement === document.body) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [main, path]);
}
