import { formatCount } from "../format/number";
import { text } from "../text/en";
import { hourly, type HistoryPoint } from "./history";

const width = 120;
const height = 24;
const hours = 24;

/** Records of the last day, an hour a bar; the numbers are in the label. */
export function Sparkline({ points, now, label }: { points: HistoryPoint[]; now: number; label: string }) {
  if (points.length === 0) return <span className="muted">–</span>;
  const counts = hourly(points, now, hours);
  const most = Math.max(1, ...counts);
  const step = width / hours;
  return (
    <svg className="sparkline" width={width} height={height} role="img" aria-label={`${label}, ${text.connectors.most(formatCount(most))}`}>
      {counts.map((n, i) => {
        const h = n === 0 ? 1 : Math.max(2, (n / most) * height);
        return <rect key={i} x={i * step} y={height - h} width={step - 1.5} height={h} rx="1"><title>{formatCount(n)}</title></rect>;
      })}
    </svg>
  );
}
