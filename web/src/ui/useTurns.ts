import { useState } from "react";

/**
 * When a dialog is there, and whether it is open. One that is taken away while it is
 * open leaves the page hidden from screen readers, so it closes before it goes; each
 * turn, as its key, begins with an empty form.
 */
export function useTurns() {
  const [{ turn, open }, set] = useState({ turn: 0, open: false });
  return { turn, open, begin: () => set((old) => ({ turn: old.turn + 1, open: true })), end: () => set((old) => ({ ...old, open: false })) };
}
