/** The number of records in the interval that starts at time. */
export interface HistoryPoint { time: string; records: number }

const hour = 3_600_000;

/** Counts by the hour, the hour of now last; hours without a point have none. */
export function hourly(points: HistoryPoint[], now: number, hours: number): number[] {
  const counts = new Array<number>(hours).fill(0);
  const last = Math.floor(now / hour);
  for (const { time, records } of points) {
    const at = hours - 1 - (last - Math.floor(new Date(time).getTime() / hour));
    if (at >= 0 && at < hours) counts[at]! += records;
  }
  return counts;
}
