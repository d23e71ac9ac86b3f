import { useEffect } from "react";

/** What the browser calls a page, in its tab and its history. */
export const titleOf = (name: string) => (name ? `${name} · Quoll` : "Quoll");

/** Names the page that is shown; a page with a header does it by that. */
export function useTitle(name: string) {
  useEffect(() => {
    if (name) document.title = titleOf(name);
  }, [name]);
}
