const whole = new Intl.NumberFormat("en-AU");
const short = new Intl.NumberFormat("en-AU", { notation: "compact", maximumFractionDigits: 1 });

export const formatCount = (n: number) => whole.format(n);

/** 1234 as 1.2K; below a thousand as it is. */
export const formatShort = (n: number) => short.format(n);

export function formatBytes(n: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let i = 0;
  while (n >= 1024 && i < units.length - 1) {
    n /= 1024;
    i++;
  }
  return `${i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[i]}`;
}

/** A measured time: 0.8 ms, 12 ms, 1.24 s, 2 min 5 s. */
export function formatElapsed(milliseconds: number): string {
  if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(2)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
