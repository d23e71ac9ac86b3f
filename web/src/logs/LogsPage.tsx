import { Button, Spinner, Tab as FluentTab, TabList, Tooltip } from "@fluentui/react-components";
import {
  AddRegular, CodeRegular, DismissRegular, LinkRegular, PanelLeftExpandRegular, PlayFilled, RecordStopRegular, ShieldCheckmarkRegular,
} from "../ui/icons";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { api } from "../api/client";
import type { Diagnostic, ResultColumn } from "../api/types";
import { useResource } from "../api/useResource";
import { ErrorBoundary } from "../app/ErrorBoundary";
import { linkTo } from "../app/router";
import { useMay, useStored } from "../app/settings";
import { text } from "../text/en";
import { useCopy } from "../ui/copy";
import { useMedia } from "../ui/useMedia";
import type { EditorHandle } from "./Editor";
import { formatLink } from "./link";
import { RangePicker } from "./RangePicker";
import { Results } from "./Results";
import { boundsOwnTime, type TimeRange } from "./range";
import { store, useAddress, useAddressOf, useLogs } from "./session";
import { PlanButton } from "./PlanButton";
import { SaveQuery } from "./SaveQuery";
import { SidePanel } from "./SidePanel";
import { Splitter } from "./Splitter";
import type { LogsState, Tab } from "./store";
import "./logs.css";

const Editor = lazy(() => import("./Editor"));
const RuleDialog = lazy(() => import("../rules/RuleDialog"));
const noDiagnostics: Diagnostic[] = [];
const noColumns: ResultColumn[] = [];

export default function LogsPage() {
  useAddress();
  const state = useLogs();
  useAddressOf(state);
  const tab = state.tabs.find((t) => t.id === state.active) ?? state.tabs[0]!;
  const schema = useResource("schema", api.schema);
  const editor = useRef<EditorHandle>(null);
  const [kept, setKept] = useStored("quoll.logs.panel", "open", ["open", "closed"] as const);
  // Where there is no room beside the editor, the panel lies over it, and only for as long as it is wanted.
  const narrow = useMedia("(max-width: 900px)");
  const [over, setOver] = useState(false);
  const panel = narrow ? (over ? "open" : "closed") : kept;
  const setPanel = narrow ? (to: "open" | "closed") => setOver(to === "open") : setKept;
  const [height, setHeight] = useState(210);
  const failed = tab.run.state === "failed" ? tab.run : undefined;
  const tabIds = useMemo(() => state.tabs.map((t) => t.id), [state.tabs]);

  const run = useCallback(() => {
    const { text: query, shift } = editor.current?.runnable() ?? { text: store.active().text, shift: 0 };
    void store.run(store.active().id, query, shift);
  }, []);
  const onChange = useCallback((id: string, value: string) => store.setText(id, value), []);
  /** Runs a query in a tab of its own; what is being written stays. */
  const openAndRun = useCallback((query: string, range?: TimeRange) => {
    setOver(false);
    const id = store.open({ query, range: range ?? store.active().range });
    void store.run(id, query);
  }, []);

  return (
    <div className={`logs logs-panel-${panel}`}>
      {panel === "open" && (
        <SidePanel schema={schema} onInsert={(name) => { setOver(false); editor.current?.insert(name); }} onOpen={openAndRun} onClose={() => setPanel("closed")} onEscape={narrow ? () => setOver(false) : undefined} />
      )}
      <section className="logs-main" aria-label={text.logs.title}>
        <Tabs state={state} />
        <div className="command-bar">
          {panel === "closed" && (
            <Tooltip content={text.logs.showPanel} relationship="label">
              <Button size="small" appearance="subtle" icon={<PanelLeftExpandRegular />} onClick={() => setPanel("open")} />
            </Tooltip>
          )}
          <RunButton tab={tab} onRun={run} />
          <RangePicker range={tab.range} inQuery={boundsOwnTime(tab.text)} onChange={(range) => store.setRange(tab.id, range)} />
          <div className="shell-space" />
          <Button size="small" appearance="subtle" icon={<CodeRegular />} onClick={() => editor.current?.format()}>{text.logs.format}</Button>
          <PlanButton query={tab.text} range={tab.range} />
          <SaveQuery query={tab.text} range={tab.range} title={tab.title} />
          <RuleButton tab={tab} />
          <CopyLink tab={tab} />
        </div>
        <div className="editor-frame" style={{ height }}>
          <ErrorBoundary>
            <Suspense fallback={<EditorStandIn value={tab.text} />}>
              <Editor
                handle={editor} tab={tab.id} tabs={tabIds} value={tab.text} schema={schema.data} onChange={onChange} onRun={run}
                diagnostics={failed?.error.diagnostics ?? noDiagnostics} shift={failed?.shift ?? 0}
              />
            </Suspense>
          </ErrorBoundary>
        </div>
        <Splitter height={height} onHeight={setHeight} />
        <Results tab={tab} onReveal={(offset) => editor.current?.reveal(offset)} />
      </section>
    </div>
  );
}

/** The text, readable while the editor loads. */
function EditorStandIn({ value }: { value: string }) {
  return (
    <div className="editor-stand-in">
      <pre>{value}</pre>
      <Spinner size="tiny" label={text.loading} />
    </div>
  );
}

function Tabs({ state }: { state: LogsState }) {
  const strip = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // A block, since browsers began to return a promise from this.
    strip.current?.querySelector(".query-tab-active")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [state.active]);
  return (
    <div className="query-tabs" ref={strip}>
      <TabList size="small" selectedValue={state.active} onTabSelect={(_, d) => store.activate(String(d.value))} aria-label={text.logs.tabs}>
        {state.tabs.map((tab) => (
          <span key={tab.id} className={"query-tab" + (tab.id === state.active ? " query-tab-active" : "")} role="presentation">
            <FluentTab value={tab.id} title={tab.title} aria-keyshortcuts="Delete" onKeyDown={(e) => e.key === "Delete" && store.close(tab.id)} icon={tab.run.state === "running" ? <Spinner size="extra-tiny" /> : undefined}>{tab.title}</FluentTab>
            <Button
              className="query-tab-close" size="small" appearance="transparent" icon={<DismissRegular />}
              // For the mouse: a list of tabs may hold tabs alone, whose key is Delete.
              aria-hidden tabIndex={-1} title={text.logs.closeTab(tab.title)} onClick={() => store.close(tab.id)}
            />
          </span>
        ))}
      </TabList>
      <Tooltip content={text.logs.newTab} relationship="label">
        <Button size="small" appearance="subtle" icon={<AddRegular />} onClick={() => store.open()} />
      </Tooltip>
    </div>
  );
}

function RunButton({ tab, onRun }: { tab: Tab; onRun: () => void }) {
  if (tab.run.state === "running") {
    return <Button size="small" icon={<RecordStopRegular />} onClick={() => store.cancel(tab.id)}>{text.logs.cancel}</Button>;
  }
  return (
    <Tooltip content={text.logs.runTip} relationship="description">
      <Button size="small" appearance="primary" icon={<PlayFilled />} disabled={tab.text.trim() === ""} onClick={onRun}>{text.logs.run}</Button>
    </Tooltip>
  );
}

/** Shows the query as a detection rule, which can be saved. */
function RuleButton({ tab }: { tab: Tab }) {
  const may = useMay("Contributor");
  const [turn, setTurn] = useState(0); // another draft each time
  const [open, setOpen] = useState(false);
  const [saved, setSaved] = useState("");
  const columns = tab.run.state === "done" ? tab.run.result.columns : noColumns;
  return (
    <>
      {saved && <span role="status" className="rule-saved">{text.ruleDraft.saved(saved)} <a {...linkTo("/rules")}>{text.ruleDraft.toRules}</a></span>}
      <Button
        size="small" appearance="subtle" icon={<ShieldCheckmarkRegular />} disabled={!may || tab.text.trim() === ""}
        title={may ? undefined : text.noPermission.change(text.roles.Contributor!)} onClick={() => { setTurn(turn + 1); setOpen(true); setSaved(""); }}
      >
        {text.logs.asRule}
      </Button>
      {/* It stays when it is closed: taken away at once, it would leave the page hidden from screen readers. */}
      {turn > 0 && (
        <Suspense>
          <RuleDialog key={turn} open={open} query={tab.text} title={tab.title} columns={columns} onClose={() => setOpen(false)} onSaved={(name) => { setOpen(false); setSaved(name); }} />
        </Suspense>
      )}
    </>
  );
}

function CopyLink({ tab }: { tab: Tab }) {
  const { copied, copy } = useCopy();
  return (
    <Button
      size="small" appearance="subtle" icon={<LinkRegular />} disabled={tab.text.trim() === ""}
      onClick={() => copy(location.origin + formatLink({ query: tab.text, range: tab.range }))}
    >
      <span aria-live="polite">{copied === undefined ? text.logs.copyLink : copied ? text.copied : text.notCopied}</span>
    </Button>
  );
}

