import { Button, Input, Tab, TabList, Tooltip } from "@fluentui/react-components";
import {
  AddRegular, ChevronDownRegular, ChevronRightRegular, DismissRegular, PanelLeftContractRegular, PlayRegular, SearchRegular, TableRegular,
} from "../ui/icons";
import { useMemo, useState } from "react";
import { api } from "../api/client";
import type { Schema, SchemaTable } from "../api/types";
import { useResource, type Resource } from "../api/useResource";
import { useSession } from "../app/settings";
import { text } from "../text/en";
import { Instant } from "../ui/parts";
import { LoadingRows } from "../ui/states";
import { readHistory } from "./history";
import { keptRange } from "./link";
import type { TimeRange } from "./range";
import { samples } from "./samples";
import { titleOf } from "./store";

interface Props { schema: Resource<Schema>; onInsert: (name: string) => void; onOpen: (query: string, range?: TimeRange) => void; onClose: () => void; /** Where it lies over the editor. */ onEscape?: () => void }

/** What can be queried, and queries to start from. */
export function SidePanel({ schema, onInsert, onOpen, onClose, onEscape }: Props) {
  const [shown, setShown] = useState<"tables" | "samples" | "notes" | "history">("tables");
  const [search, setSearch] = useState("");
  return (
    <aside className="side-panel" aria-label={text.logs.panel} onKeyDown={(e) => e.key === "Escape" && onEscape?.()}>
      <div className="side-panel-head">
        <TabList size="small" selectedValue={shown} onTabSelect={(_, d) => setShown(d.value as typeof shown)}>
          <Tab value="tables">{text.logs.tables}</Tab>
          <Tab value="samples">{text.logs.samples}</Tab>
          <Tab value="notes">{text.notes.saved}</Tab>
          <Tab value="history">{text.notes.history}</Tab>
        </TabList>
        <Tooltip content={text.logs.hidePanel} relationship="label">
          <Button size="small" appearance="subtle" icon={<PanelLeftContractRegular />} onClick={onClose} />
        </Tooltip>
      </div>
      <Input
        className="side-panel-search" size="small" type="search" contentBefore={<SearchRegular />} value={search} onChange={(_, d) => setSearch(d.value)}
        placeholder={searchText(shown)} aria-label={searchText(shown)}
      />
      <div className="side-panel-body">
        {shown === "samples" ? <Samples search={search} onOpen={onOpen} /> : shown === "notes" ? <Saved search={search} onOpen={onOpen} /> : shown === "history" ? <History search={search} onOpen={onOpen} /> : <Tables schema={schema} search={search} onInsert={onInsert} onOpen={onOpen} />}
      </div>
    </aside>
  );
}

const searchText = (shown: string) => (shown === "tables" ? text.logs.search : shown === "samples" ? text.logs.searchSamples : text.logs.searchQueries);

function Saved({ search, onOpen }: { search: string; onOpen: Props["onOpen"] }) {
  const notes = useResource("notes", api.notes, 30_000);
  const me = useSession().name;
  const found = notes.data?.filter((n) => n.kind === "query" && (n.title + n.query).toLowerCase().includes(search.toLowerCase()));
  if (!found) return notes.error ? <p className="side-panel-none" role="alert">{notes.error.message}</p> : <LoadingRows rows={3} />;
  if (found.length === 0) return <p className="side-panel-none">{text.notes.noSaved}</p>;
  return (
    <ul className="sample-list">
      {found.map((n) => (
        <li key={n.id}>
          <button type="button" title={n.query} onClick={() => onOpen(n.query, keptRange(n.range))}>
            <PlayRegular /><span>{n.title}<span className="muted small saved-by">{n.owner === me ? text.notes.mine : text.notes.sharedBy(n.owner)}</span></span>
          </button>
          {n.owner === me && <Button size="small" appearance="transparent" icon={<DismissRegular />} aria-label={text.notes.remove(n.title)} onClick={() => void api.removeNote(n.id).finally(notes.reload)} />}
        </li>
      ))}
    </ul>
  );
}

function History({ search, onOpen }: { search: string; onOpen: (query: string) => void }) {
  const found = readHistory().filter((h) => h.query.toLowerCase().includes(search.toLowerCase()));
  if (found.length === 0) return <p className="side-panel-none">{text.notes.noHistory}</p>;
  return (
    <ul className="sample-list history-list">
      {found.map((h) => (
        <li key={h.at}><button type="button" title={h.query} onClick={() => onOpen(h.query)}><PlayRegular /><span>{titleOf(h.query, h.query)}<span className="muted small saved-by"><Instant at={new Date(h.at).toISOString()} /></span></span></button></li>
      ))}
    </ul>
  );
}

function Samples({ search, onOpen }: { search: string; onOpen: (query: string) => void }) {
  const found = samples.filter((s) => (s.title + s.query).toLowerCase().includes(search.toLowerCase()));
  if (found.length === 0) return <p className="side-panel-none">{text.logs.noSamples}</p>;
  return [...new Set(found.map((s) => s.group))].map((group) => (
    <section key={group}>
      <h3>{group}</h3>
      <ul className="sample-list">
        {found.filter((s) => s.group === group).map((s) => (
          <li key={s.title}><button type="button" title={s.query} onClick={() => onOpen(s.query)}><PlayRegular />{s.title}</button></li>
        ))}
      </ul>
    </section>
  ));
}

function Tables({ schema, search, onInsert, onOpen }: { schema: Resource<Schema>; search: string; onInsert: (name: string) => void; onOpen: (query: string) => void }) {
  const wanted = search.trim().toLowerCase();
  const found = useMemo(() => (schema.data?.tables ?? []).filter((t) => matches(t, wanted)), [schema.data, wanted]);
  if (schema.error && !schema.data) {
    return <div className="side-panel-none" role="alert">{schema.error.message} <Button size="small" onClick={schema.reload}>{text.failure.retry}</Button></div>;
  }
  if (!schema.data) return <LoadingRows rows={5} />;
  if (found.length === 0) return <p className="side-panel-none">{schema.data.tables.length === 0 ? text.logs.noSchema : text.logs.noTables}</p>;
  return [...new Set(found.map((t) => t.category))].map((category) => (
    <section key={category}>
      <h3>{category}</h3>
      <ul className="table-list">
        {found.filter((t) => t.category === category).map((t) => <TableItem key={t.name} table={t} search={wanted} onInsert={onInsert} onOpen={onOpen} />)}
      </ul>
    </section>
  ));
}

const matches = (table: SchemaTable, wanted: string) =>
  table.name.toLowerCase().includes(wanted) || (wanted.length > 1 && table.columns.some((c) => c.name.toLowerCase().includes(wanted)));

/** The short name of a type, beside a column. */
const shortType: Record<string, string> = { string: "abc", datetime: "time", long: "123", int: "123", real: "1.2", decimal: "1.2", bool: "t/f", dynamic: "{ }", guid: "id", timespan: "span" };

function TableItem({ table, search, onInsert, onOpen }: { table: SchemaTable; search: string; onInsert: (name: string) => void; onOpen: (query: string) => void }) {
  const named = search === "" || table.name.toLowerCase().includes(search);
  const [toggled, setToggled] = useState<boolean>();
  const open = toggled ?? !named;
  const columns = named ? table.columns : table.columns.filter((c) => c.name.toLowerCase().includes(search));
  return (
    <li>
      <div className="table-item">
        <button type="button" className="table-toggle" aria-expanded={open} title={table.description} onClick={() => setToggled(!open)}>
          {open ? <ChevronDownRegular /> : <ChevronRightRegular />}<TableRegular /><span>{table.name}</span>
        </button>
        <Tooltip content={text.logs.insert} relationship="label">
          <Button size="small" appearance="transparent" className="table-action" icon={<AddRegular />} onClick={() => onInsert(table.name)} />
        </Tooltip>
        <Tooltip content={text.logs.preview} relationship="label">
          <Button size="small" appearance="transparent" className="table-action" icon={<PlayRegular />} onClick={() => onOpen(`${table.name}\n| take 100`)} />
        </Tooltip>
      </div>
      {open && (
        <ul className="column-list">
          {columns.map((c) => (
            <li key={c.name}>
              <button type="button" title={`${c.name}: ${c.type}\n${c.description}`} onClick={() => onInsert(c.name)}>
                <span className="column-type" aria-hidden="true">{shortType[c.type] ?? c.type}</span>{c.name}
              </button>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
