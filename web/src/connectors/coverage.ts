import type { MessageCoverage } from "../api/types";

/** A share in percent, rounded down: 100% is all of them. */
export function formatShare(found: number, rows: number): string {
  if (rows === 0) return "–";
  const hundredths = Math.floor((found / rows) * 10_000);
  return hundredths === 10_000 ? "100%" : `${(hundredths / 100).toFixed(2)}%`;
}

/** Tables of which messages are missing. */
export const lacking = (coverage: MessageCoverage | undefined) => (coverage?.tables ?? []).filter((t) => t.missing > 0);
