import { formatCount } from "../format/number";
import { text } from "../text/en";

const width = 120;
const height = 24;

/** Records per interval as small bars; the numbers are in the label. */
export function Sparkline({ points, label }: { points: { time: string; records: number }[]; label: string }) {
  if (points.length === 0) return <span className="muted">–</span>;
  const most = Math.max(1, ...points.map((p) => p.records));
  const step = width / points.length;
  return (
    <svg className="sparkline" width={width} height={height} role="img" aria-label={`${label}, ${text.connectors.most(formatCount(most))}`}>
      {points.map((p, i) => {
        const h = p.records === 0 ? 1 : Math.max(2, (p.records / most) * height);
        return <rect key={p.time} x={i * step} y={height - h} width={Math.max(1, step - 1.5)} height={h} rx="1"><title>{formatCount(p.records)}</title></rect>;
      })}
    </svg>
  );
}
