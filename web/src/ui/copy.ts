import { useCallback, useEffect, useRef, useState } from "react";

/**
 * Puts text on the clipboard; says whether it is there. Browsers give a page the
 * clipboard over HTTPS or on the same machine alone, and on a plain address in the
 * network only the older way, by a selection.
 */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

function copySelected(text: string): boolean {
  const before = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.readOnly = true;
  field.className = "visually-hidden";
  // Inside a dialog, or the dialog takes the focus back before the copy.
  (before?.closest("[role=dialog]") ?? document.body).append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    field.remove();
    if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  }
}

/** For so long it is said what became of it, in milliseconds. */
const told = 2000;

/** Copies, and says for a moment whether it went well; undefined before and after. */
export function useCopy(): { copied: boolean | undefined; copy: (text: string) => void } {
  const [copied, setCopied] = useState<boolean>();
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = useCallback((text: string) => {
    void copyText(text).then((done) => {
      setCopied(done);
      clearTimeout(timer.current);
      timer.current = window.setTimeout(() => setCopied(undefined), told);
    });
  }, []);
  return { copied, copy };
}
