import { Select } from "@fluentui/react-components";
import { useEffect, useMemo, useRef, useState } from "react";
import type { QueryResult } from "../api/types";
import { useSettings } from "../app/settings";
import { formatCount } from "../format/number";
import { formatCell } from "../format/value";
import { text } from "../text/en";
import { EmptyView } from "../ui/states";
import { core } from "./echarts";
import { buildChart, chartKinds, kindOf, suggestKind, type ChartKind, type ChartModel } from "./model";
import { chartOptions, darkSeries, lightSeries, type Palette } from "./options";

/** The chart of a result: the kind that render asked for, or one that suits. */
export default function ChartView({ result, bare = false }: { result: QueryResult; bare?: boolean }) {
  const asked = kindOf(result.visualization) ?? suggestKind(result.columns);
  const [chosen, setChosen] = useState<{ of: QueryResult; kind: ChartKind }>();
  const kind = chosen?.of === result ? chosen.kind : asked;
  const model = useMemo(() => (kind ? buildChart(result, kind) : undefined), [result, kind]);
  if (!kind || !model) return <EmptyView title={text.logs.noChart} detail={text.logs.noChartDetail} />;
  return (
    <div className="chart-pane">
      {!bare && <div className="chart-bar">
        <Select size="small" aria-label={text.logs.chartKind} value={kind} onChange={(_, d) => setChosen({ of: result, kind: d.value as ChartKind })}>
          {chartKinds.map((k) => <option key={k} value={k}>{text.logs.chartKinds[k]}</option>)}
        </Select>
        {typeof model !== "string" && model.note && <span className="muted">{model.note}</span>}
      </div>}
      {typeof model === "string" ? <EmptyView title={text.logs.noChart} detail={model} /> : model.kind === "card" ? <Cards model={model} bare={bare} /> : <Canvas model={model} />}
    </div>
  );
}

function Cards({ model, bare }: { model: ChartModel; bare: boolean }) {
  const { zone } = useSettings();
  return (
    <div className="cards" data-testid="cards">
      {model.cards.map((card) => (
        <div key={card.name} className="card">
          <div className="card-value">{typeof card.value === "number" ? formatCount(card.value) : formatCell(card.value, card.type, zone)}</div>
          {/* Alone in a tile, its title says the same. */}
          {!(bare && model.cards.length === 1) && <div className="muted">{model.cards.length === 1 && model.title ? model.title : card.name}</div>}
        </div>
      ))}
    </div>
  );
}

function Canvas({ model }: { model: ChartModel }) {
  const { scheme, zone } = useSettings();
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const chart = core.init(element.current!);
    chart.setOption(chartOptions(model, palette(element.current!, scheme), zone));
    const observer = new ResizeObserver(() => chart.resize());
    observer.observe(element.current!);
    return () => {
      observer.disconnect();
      chart.dispose();
    };
  }, [model, scheme, zone]);
  const label = `${text.logs.chartKinds[model.kind]}: ${model.yTitle} ${model.title}`;
  return <div ref={element} className="chart-canvas" role="img" aria-label={label} data-kind={model.kind} data-series={model.series.length + model.spans.length + model.boxes.length + model.flows.length} />;
}

/** Reads the colours of the page, which a canvas cannot inherit. */
function palette(element: HTMLElement, scheme: "light" | "dark"): Palette {
  const style = getComputedStyle(element);
  const read = (token: string) => style.getPropertyValue(token).trim();
  return {
    text: read("--colorNeutralForeground1"), muted: read("--colorNeutralForeground3"), line: read("--colorNeutralStroke2"),
    surface: read("--colorNeutralBackground1"), series: scheme === "dark" ? darkSeries : lightSeries,
  };
}
