import { ChevronDownRegular, ChevronRightRegular } from "../ui/icons";
import { useState } from "react";
import type { Json } from "../api/types";
import { legible } from "../format/legible";
import { text } from "../text/en";

/** Members shown at once; the rest comes on demand. */
const stretch = 100;

/** A JSON value as a tree that opens and folds. */
export function JsonTree({ value, open = 1 }: { value: Json; open?: number }) {
  return (
    <div className="json" role="tree">
      <Node value={value} depth={0} open={open} />
    </div>
  );
}

function Node({ name, value, depth, open }: { name?: string; value: Json; depth: number; open: number }) {
  const [folded, setFolded] = useState(depth >= open);
  const [count, setCount] = useState(stretch);
  if (value === null || typeof value !== "object") {
    return (
      <div className="json-leaf" role="treeitem">
        {name !== undefined && <span className="json-name">{legible(name)}: </span>}
        <Scalar value={value} />
      </div>
    );
  }
  const members = Array.isArray(value) ? value.map((v, i) => [String(i), v] as const) : Object.entries(value);
  const [left, right] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return (
    <div className="json-node" role="treeitem" aria-expanded={!folded}>
      <button type="button" className="json-toggle" onClick={() => setFolded(!folded)} aria-label={`${text.grid.expand} ${name ?? ""}`}>
        {folded ? <ChevronRightRegular /> : <ChevronDownRegular />}
        {name !== undefined && <span className="json-name">{legible(name)}: </span>}
        <span className="muted">{left}{folded ? ` ${preview(members)} ` : ""}{folded ? right : ""}</span>
      </button>
      {!folded && (
        <div className="json-members" role="group">
          {members.slice(0, count).map(([key, member]) => <Node key={key} name={key} value={member} depth={depth + 1} open={open} />)}
          {members.length > count && (
            <button type="button" className="json-more" onClick={() => setCount(count + stretch)}>… {members.length - count}</button>
          )}
        </div>
      )}
    </div>
  );
}

function preview(members: (readonly [string, Json])[]): string {
  return members.length === 0 ? "" : text.grid.items(members.length);
}

function Scalar({ value }: { value: null | boolean | number | string }) {
  if (value === null) return <span className="json-null">null</span>;
  if (typeof value === "string") return <span className="json-string">{legible(value)}</span>;
  return <span className="json-number">{String(value)}</span>;
}
