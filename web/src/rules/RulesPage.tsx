import { Button, Input, Select, Tab, TabList } from "@fluentui/react-components";
import { lazy, Suspense, useEffect, useState } from "react";
import { api } from "../api/client";
import type { Rule } from "../api/types";
import { useResource } from "../api/useResource";
import { rewriteAddress, useLocation } from "../app/router";
import { useMay } from "../app/settings";
import { formatCount } from "../format/number";
import { formatDuration } from "../format/time";
import { text } from "../text/en";
import { AlertRegular, SearchRegular } from "../ui/icons";
import { Ago, PageHeader, SeverityTag, tacticName, useNow } from "../ui/parts";
import { EmptyView, FailureView, LoadingRows, StaleBar } from "../ui/states";
import { useTurns } from "../ui/useTurns";
import { matrix } from "./attack";
import { anyRule, formatRuleFilter, healthOf, healths, isShown, parseRuleFilter, type RuleFilter } from "./filter";
import { RulePanel } from "./RulePanel";
import "./rules.css";

const ImportRules = lazy(() => import("./ImportRules").then((m) => ({ default: m.ImportRules })));

const t = text.rules;

/** What is looked for, how it fares, and what of ATT&CK it covers. */
export default function RulesPage() {
  const rules = useResource("rules", api.rules, 15_000);
  const [view, setView] = useState<"list" | "matrix">("list");
  const location = useLocation();
  const [filter, setFilter] = useState<RuleFilter>(() => parseRuleFilter(location.split("#")[1] ?? ""));
  const address = formatRuleFilter(filter);
  useEffect(() => rewriteAddress(address), [address]);
  const importing = useTurns();
  const may = useMay("Contributor");
  const shown = rules.data?.filter((r) => isShown(r, filter)) ?? [];
  const show = (technique: string) => {
    setFilter({ ...anyRule, text: technique });
    setView("list");
  };
  return (
    <div className="page">
      <PageHeader title={t.title} detail={t.detail} actions={may ? <Button onClick={importing.begin}>{text.ruleImport.open}</Button> : undefined} />
      {importing.turn > 0 && <Suspense><ImportRules key={importing.turn} open={importing.open} onClose={importing.end} onImported={rules.reload} /></Suspense>}
      {rules.data ? (
        rules.data.length === 0 ? <EmptyView icon={<AlertRegular />} title={t.emptyTitle} detail={t.emptyDetail} /> : (
          <>
            <StaleBar error={rules.error} onRetry={rules.reload} />
            <div className="filter-bar">
              <TabList size="small" selectedValue={view} onTabSelect={(_, d) => setView(d.value as typeof view)}><Tab value="list">{t.list}</Tab><Tab value="matrix">{t.matrix}</Tab></TabList>
              {view === "list" && <Filters filter={filter} onChange={setFilter} />}
              <div className="shell-space" />
              <span className="muted numeric" aria-live="polite">{view === "list" ? t.total(shown.length, rules.data.length) : ""}</span>
            </div>
            {view === "matrix" ? <Matrix rules={rules.data} onTechnique={show} /> : shown.length === 0 ? <EmptyView title={t.noMatch} detail={t.noMatchDetail} action={<Button onClick={() => setFilter(anyRule)}>{t.clear}</Button>} /> : (
              <List rules={shown} opened={filter.rule || undefined} onOpen={(rule) => setFilter({ ...filter, rule: rule ?? "" })} />
            )}
          </>
        )
      ) : rules.error ? <FailureView error={rules.error} onRetry={rules.reload} /> : <LoadingRows rows={8} />}
    </div>
  );
}

function Filters({ filter, onChange }: { filter: RuleFilter; onChange: (f: RuleFilter) => void }) {
  return (
    <>
      <Select size="small" aria-label={t.columns.severity} value={filter.severity} onChange={(_, d) => onChange({ ...filter, severity: d.value })}>
        <option value="">{t.anySeverity}</option>
        {Object.entries(text.severity).map(([value, label]) => <option key={value} value={value}>{label}</option>)}
      </Select>
      <Select size="small" aria-label={t.columns.health} value={filter.health} onChange={(_, d) => onChange({ ...filter, health: d.value })}>
        <option value="">{t.anyHealth}</option>
        {healths.map((h) => <option key={h} value={h}>{t[h]}</option>)}
      </Select>
      <Input
        size="small" type="search" className="rules-search" contentBefore={<SearchRegular />} placeholder={t.search} aria-label={t.search}
        value={filter.text} onChange={(_, d) => onChange({ ...filter, text: d.value })}
      />
    </>
  );
}

function List({ rules, opened, onOpen }: { rules: Rule[]; opened: string | undefined; onOpen: (id: string | undefined) => void }) {
  const now = useNow(10_000);
  const rule = rules.find((r) => r.id === opened);
  const close = () => {
    document.getElementById("rule-" + opened)?.focus({ preventScroll: true });
    onOpen(undefined);
  };
  return (
    <div className={rule ? "rules-split" : undefined}>
      <div className="table-frame table-frame-long">
        <table className="table rules">
          <thead>
            <tr>
              <th scope="col">{t.columns.severity}</th><th scope="col">{t.columns.name}</th><th scope="col">{t.columns.health}</th>
              <th scope="col" className="right">{t.columns.alerts}</th><th scope="col" className="right">{t.columns.runs}</th><th scope="col">{t.columns.last}</th><th scope="col">{t.columns.every}</th>
            </tr>
          </thead>
          <tbody>
            {rules.map((r) => (
              <tr key={r.id} aria-selected={r.id === opened}>
                <td><SeverityTag severity={r.severity} /></td>
                <td>
                  <button type="button" id={"rule-" + r.id} className="link-button" aria-expanded={r.id === opened} onClick={() => onOpen(r.id === opened ? undefined : r.id)}>{r.name}</button>
                  <div className="muted small">{r.tactics.map(tacticName).join(", ")}</div>
                </td>
                <td><HealthTag rule={r} /></td>
                <td className="right numeric">{formatCount(r.health.alerts)}</td><td className="right numeric">{formatCount(r.health.runs)}</td>
                <td><Ago at={r.health.lastRun} now={now} /></td>
                <td className="nowrap">{formatDuration(r.frequencySeconds)} <span className="muted">{t.over(formatDuration(r.periodSeconds))}</span></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rule && <RulePanel key={rule.id} rule={rule} onClose={close} />}
    </div>
  );
}

const healthLooks = { off: "muted", failing: "bad", healthy: "good", waiting: "muted" };

function HealthTag({ rule }: { rule: Rule }) {
  const health = healthOf(rule);
  return <span className={healthLooks[health]} title={health === "failing" ? rule.health.lastError : undefined}>{t[health]}</span>;
}

function Matrix({ rules, onTechnique }: { rules: Rule[]; onTechnique: (technique: string) => void }) {
  return (
    <div className="attack" role="list" aria-label={t.matrix} tabIndex={0}>
      {matrix(rules).map((column) => {
        const covered = column.techniques.filter((c) => c.rules.length > 0);
        return (
          <section key={column.tactic} role="listitem" className="attack-column">
            <h3>{tacticName(column.tactic)}</h3>
            <p className="muted small">{t.techniques(covered.length, new Set(covered.flatMap((c) => c.rules.map((r) => r.id))).size)}</p>
            {column.techniques.map((c) => (
              <Button
                key={c.technique} size="small" disabled={c.rules.length === 0} className={`attack-cell attack-${Math.min(3, c.rules.length)}`} onClick={() => onTechnique(c.technique)}
              >
                <span>{c.name || c.technique}<span className="small mono">{c.technique}</span></span>
                <span className="numeric small">{c.rules.length ? t.rulesOf(c.rules.length) : <span className="visually-hidden">{t.uncovered}</span>}</span>
              </Button>
            ))}
          </section>
        );
      })}
    </div>
  );
}
