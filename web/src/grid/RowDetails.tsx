import { Button, Switch } from "@fluentui/react-components";
import { CopyIcon } from "../ui/CopyButton";
import { ChevronDownRegular, ChevronUpRegular, DismissRegular } from "../ui/icons";
import { useMemo, useRef, useState, type ReactNode } from "react";
import type { Cell, Json, ResultColumn, ResultTable } from "../api/types";
import { useSettings } from "../app/settings";
import { formatCount } from "../format/number";
import { exactCell, formatCell } from "../format/value";
import { text } from "../text/en";
import { JsonTree } from "./JsonTree";

interface Props {
  table: ResultTable;
  /** The rows that one can go through, and which of the table's is shown. */
  order: Uint32Array;
  row: number;
  onRow: (row: number) => void;
  onClose: () => void;
  actions?: ReactNode;
}

/** Every column of one row, with dynamic values as trees. */
export function RowDetails({ table, order, row, onRow, onClose, actions }: Props) {
  const [hideEmpty, setHideEmpty] = useState(true);
  const cells = table.rows[row];
  const at = useMemo(() => order.indexOf(row), [order, row]);
  const self = useRef<HTMLElement>(null);
  if (!cells) return null;
  const close = () => {
    // The keyboard goes on where the row was opened.
    const grid = self.current?.parentElement?.querySelector<HTMLElement>('[role="grid"]');
    onClose();
    grid?.focus();
  };
  return (
    <aside ref={self} className="row-details" aria-label={text.grid.details} onKeyDown={(e) => e.key === "Escape" && close()}>
      <div className="row-details-head">
        <h2>{text.grid.row(formatCount(at + 1))}</h2>
        {actions}
        <Switch className="row-details-switch" label={text.grid.hideEmpty} checked={hideEmpty} onChange={(_, d) => setHideEmpty(d.checked)} />
        <Button size="small" appearance="subtle" icon={<ChevronUpRegular />} aria-label={text.grid.previous} disabled={at <= 0} onClick={() => onRow(order[at - 1]!)} />
        <Button size="small" appearance="subtle" icon={<ChevronDownRegular />} aria-label={text.grid.next} disabled={at >= order.length - 1} onClick={() => onRow(order[at + 1]!)} />
        <Button size="small" appearance="subtle" icon={<DismissRegular />} aria-label={text.close} onClick={close} />
      </div>
      <dl className="row-details-list">
        {table.columns.map((column, i) =>
          hideEmpty && (cells[i] === null || cells[i] === "") ? null : <Member key={i} column={column} cell={cells[i]!} />,
        )}
      </dl>
    </aside>
  );
}

function Member({ column, cell }: { column: ResultColumn; cell: Cell }) {
  const { zone } = useSettings();
  const tree = asTree(column, cell);
  return (
    <div className="row-details-item">
      <dt>
        <span>{column.name}</span>
        <span className="muted">{column.type}</span>
        <CopyIcon className="row-details-copy" of={column.name} value={() => exactCell(cell)} />
      </dt>
      <dd>{tree !== undefined ? <JsonTree value={tree} open={2} /> : <span className="row-details-value">{formatCell(cell, column.type, zone) || "–"}</span>}</dd>
    </div>
  );
}

/** A dynamic as it is, and text that holds a JSON object or array as what it holds. */
function asTree(column: ResultColumn, cell: Cell): Json | undefined {
  if (typeof cell === "object" && cell !== null) return cell;
  if (column.type !== "string" || typeof cell !== "string" || !/^\s*[[{]/.test(cell)) return undefined;
  try {
    return JSON.parse(cell) as Json;
  } catch {
    return undefined;
  }
}
