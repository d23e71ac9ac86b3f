import { Button, Input, Select } from "@fluentui/react-components";
import { useEffect, useState } from "react";
import { api } from "../api/client";
import type { Dashboard, DashboardParameter, Timespan } from "../api/types";
import { useResource } from "../api/useResource";
import { linkTo, rewriteAddress, useLocation } from "../app/router";
import { exactCell } from "../format/value";
import { RangePicker } from "../logs/RangePicker";
import { toTimespan, type TimeRange } from "../logs/range";
import { text } from "../text/en";
import { ArrowClockwiseRegular } from "../ui/icons";
import { PageHeader } from "../ui/parts";
import { FailureView, LoadingRows } from "../ui/states";
import { TileView } from "./TileView";
import { asked, readAddress, writeAddress, type Values } from "./values";
import "../logs/logs.css";
import "./dashboards.css";

const t = text.dashboards;

export default function DashboardPage({ id }: { id: string }) {
  const found = useResource("dashboard:" + id, (signal) => api.dashboard(id, signal));
  if (!found.data) {
    return <div className="page">{found.error ? <FailureView error={found.error} onRetry={found.reload} /> : <LoadingRows />}</div>;
  }
  return <Shown key={id} id={id} dashboard={found.data} />;
}

function Shown({ id, dashboard }: { id: string; dashboard: Dashboard }) {
  const location = useLocation();
  const fragment = location.includes("#") ? location.slice(location.indexOf("#")) : "";
  const [range, setRange] = useState<TimeRange>(() => readAddress(fragment, dashboard).range);
  const [values, setValues] = useState<Values>(() => readAddress(fragment, dashboard).values);
  const [now, setNow] = useState(Date.now);
  useEffect(() => rewriteAddress(writeAddress(id, range, values, dashboard)), [id, range, values, dashboard]);
  const timespan = toTimespan(range, now);
  return (
    <div className="page">
      <PageHeader
        title={dashboard.title} detail={dashboard.description}
        before={<nav className="crumbs" aria-label={text.breadcrumb}><a {...linkTo("/dashboards")}>{t.title}</a></nav>}
        actions={<Button size="small" icon={<ArrowClockwiseRegular />} onClick={() => setNow(Date.now())}>{text.refresh}</Button>}
      />
      <div className="dashboard-bar">
        <RangePicker range={range} inQuery={false} onChange={(r) => { setRange(r); setNow(Date.now()); }} />
        {dashboard.parameters.map((p) => (
          <Parameter
            key={p.name} parameter={p} all={dashboard.parameters} values={values} timespan={timespan}
            onChange={(value) => setValues({ ...values, [p.name]: value })}
          />
        ))}
      </div>
      <div className="dashboard">
        {dashboard.contents.map((tile, i) => (
          <TileView key={i} tile={tile} parameters={dashboard.parameters} values={values} range={range} timespan={timespan} turn={now} />
        ))}
      </div>
    </div>
  );
}

interface ParameterProps { parameter: DashboardParameter; all: DashboardParameter[]; values: Values; timespan: Timespan; onChange: (value: string) => void }

/** A value to type, or to choose among those given or found by a query. */
function Parameter({ parameter: p, all, values, timespan, onChange }: ParameterProps) {
  const value = values[p.name] ?? "";
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  const named = all.map((one) => one.name).filter((name) => new RegExp(`^declare query_parameters\\([^)]*\\b${name}:`).test(p.valuesQuery ?? ""));
  const found = useResource("values:" + p.name + (p.valuesQuery ?? ""), async (signal) => {
    if (!p.valuesQuery) return [];
    const result = await api.query(p.valuesQuery, timespan, signal, asked(named, all, values));
    return result.rows.slice(0, 500).map((row) => exactCell(row[0]!)).filter((v) => v !== "");
  });
  const choices = p.type === "bool" ? ["true", "false"] : (p.values ?? found.data ?? []);
  if (p.type === "bool" || p.values || p.valuesQuery) {
    return (
      <label className="dashboard-parameter">
        <span>{p.label}</span>
        <Select size="small" value={value} onChange={(_, d) => onChange(d.value)}>
          {p.type !== "bool" && <option value="">{t.any}</option>}
          {[...new Set([...(value ? [value] : []), ...choices])].map((choice) => <option key={choice} value={choice}>{choice}</option>)}
        </Select>
      </label>
    );
  }
  return (
    <form onSubmit={(e) => { e.preventDefault(); onChange(typed.trim()); }}>
      <label className="dashboard-parameter">
        <span>{p.label}</span>
        <Input size="small" type={p.type === "string" ? "search" : "number"} placeholder={t.any} value={typed} onChange={(_, d) => { setTyped(d.value); if (d.value === "") onChange(""); }} onBlur={() => onChange(typed.trim())} />
      </label>
    </form>
  );
}
