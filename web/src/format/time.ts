export type Zone = "utc" | "local";

const two = (n: number) => String(n).padStart(2, "0");

/**
 * Writes an ISO 8601 instant as 2026-09-14 08:22:33.001 in the zone. Digits of
 * a second that are zero are left out; the seven that Kusto has are kept
 * where they say something.
 */
export function formatInstant(iso: string, zone: Zone): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const fraction = /\.(\d+)/.exec(iso)?.[1]?.replace(/0+$/, "") ?? "";
  const text = zone === "utc"
    ? date.toISOString().slice(0, 19).replace("T", " ")
    : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
      `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return fraction ? `${text}.${fraction}` : text;
}

/** 2026-09-14 08:22, for lists. */
export function formatMinute(iso: string, zone: Zone): string {
  return formatInstant(iso, zone).slice(0, 16);
}

/** 2026-09-14 08:22 UTC, where a person's own zone does not count. */
export function utcMinute(iso: string): string {
  return formatMinute(iso, "utc") + " UTC";
}

/** A length of time in its two largest units: 45 s, 3 min 10 s, 2 h 5 min, 3 d 4 h. */
export function formatDuration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  const units: [number, string][] = [[86_400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const at = units.findIndex(([size]) => s >= size);
  const [size, name] = units[at]!;
  const next = units[at + 1];
  const first = `${Math.floor(s / size)} ${name}`;
  const rest = next ? Math.floor((s % size) / next[0]) : 0;
  return next && rest > 0 ? `${first} ${rest} ${next[1]}` : first;
}

/** How long ago an instant was: "just now", "4 min ago"; "in 2 h" when ahead. */
export function formatAgo(iso: string, now: number): string {
  const seconds = (now - new Date(iso).getTime()) / 1000;
  if (Number.isNaN(seconds)) return iso;
  if (Math.abs(seconds) < 5) return "just now";
  const units: [number, string][] = [[86_400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const [size, name] = units.find(([size]) => Math.abs(seconds) >= size)!;
  const text = `${Math.floor(Math.abs(seconds) / size)} ${name}`;
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}
