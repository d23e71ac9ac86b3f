import { Button, Checkbox, Input, Popover, PopoverSurface, PopoverTrigger, ToggleButton } from "@fluentui/react-components";
import { useState } from "react";
import type { ResultColumn } from "../api/types";
import { text } from "../text/en";
import { ColumnTripleRegular, GroupListRegular, PinRegular } from "../ui/icons";

const t = text.logs.columns;

/** What somebody chose of the columns of a result, by their numbers. */
export interface Arrangement { hidden: Set<number>; pinned: number[]; grouped: number[] }

export const plainArrangement = (): Arrangement => ({ hidden: new Set(), pinned: [], grouped: [] });

const toggled = (list: number[], column: number) => (list.includes(column) ? list.filter((c) => c !== column) : [...list, column]);

interface Props { columns: ResultColumn[]; arrangement: Arrangement; onChange: (arrangement: Arrangement) => void }

/** Shows, pins and groups by columns, with mouse and keyboard alike. */
export function ColumnsMenu({ columns, arrangement, onChange }: Props) {
  const [search, setSearch] = useState("");
  const { hidden, pinned, grouped } = arrangement;
  const wanted = search.trim().toLowerCase();
  const found = columns.map((c, i) => ({ name: c.name, i })).filter(({ name }) => name.toLowerCase().includes(wanted));
  const show = (column: number, shown: boolean) => {
    const next = new Set(hidden);
    if (shown) next.delete(column);
    else next.add(column);
    onChange({ ...arrangement, hidden: next });
  };
  return (
    <Popover positioning="below-end" trapFocus>
      <PopoverTrigger disableButtonEnhancement>
        <Button size="small" appearance="subtle" icon={<ColumnTripleRegular />}>{t.button}</Button>
      </PopoverTrigger>
      <PopoverSurface className="columns-menu" aria-label={t.title}>
        <div className="columns-menu-head">
          <h2>{t.title}</h2>
          <Button size="small" appearance="subtle" disabled={hidden.size + pinned.length + grouped.length === 0} onClick={() => onChange(plainArrangement())}>{t.reset}</Button>
        </div>
        {columns.length > 8 && <Input size="small" type="search" placeholder={t.search} aria-label={t.search} value={search} onChange={(_, d) => setSearch(d.value)} />}
        <ul>
          {found.map(({ name, i }) => (
            <li key={i}>
              <Checkbox label={name} checked={!hidden.has(i)} onChange={(_, d) => show(i, d.checked === true)} />
              <ToggleButton
                size="small" appearance="subtle" icon={<PinRegular />} title={t.pin} aria-label={t.pinOf(name)} checked={pinned.includes(i)}
                onClick={() => onChange({ ...arrangement, pinned: toggled(pinned, i) })}
              />
              <ToggleButton
                size="small" appearance="subtle" icon={<GroupListRegular />} title={t.group} aria-label={t.groupOf(name)} checked={grouped.includes(i)}
                onClick={() => onChange({ ...arrangement, grouped: toggled(grouped, i) })}
              />
            </li>
          ))}
        </ul>
      </PopoverSurface>
    </Popover>
  );
}
