import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { ResultTable } from "../api/types";
import { filteredOrder, filtering } from "./filter";
import { inSlices } from "./slices";
import { sortedOrder, sorting, type Sort } from "./sort";

/** Up to so many rows are arranged at once: it takes no longer than drawing them. */
const few = 20_000;

/** What arranges rows: a sort, and a filter. */
export interface Wanted { sort: Sort | undefined; filter: string }

interface Arranged extends Wanted { table: ResultTable; sorted: Uint32Array; order: Uint32Array }

/** The rows that are to be shown, in order; how far the next order is, from 0 to 1; and what the one that is there is. */
export interface Order { order: Uint32Array; arranging: number | undefined; shown: Wanted }

/**
 * Arranges rows. While many are, the page goes on, and shows what was there before; what
 * is not wanted any more is stopped.
 */
export function useOrder(table: ResultTable, sort: Sort | undefined, filter: string): Order {
  const many = table.rows.length > few;
  const natural = useMemo(() => Uint32Array.from(table.rows.keys()), [table]);
  const sorted = useMemo(() => (sort && !many ? sortedOrder(table.rows, typeOf(table, sort), sort) : natural), [table, many, sort, natural]);
  const order = useMemo(() => (many ? natural : filteredOrder(table, sorted, filter)), [table, many, sorted, natural, filter]);
  const later = useArranged(table, natural, many, sort, filter);
  return many ? later : { order, arranging: undefined, shown: { sort, filter } };
}

const typeOf = (table: ResultTable, sort: Sort) => table.columns[sort.column]!.type;

function useArranged(table: ResultTable, natural: Uint32Array, many: boolean, sort: Sort | undefined, filter: string): Order {
  const plain: Arranged = { table, sort: undefined, filter: "", sorted: natural, order: natural };
  const [kept, setKept] = useState(plain);
  const [arranging, setArranging] = useState<number>();
  const there = kept.table === table ? kept : plain;
  const latest = useRef(there);
  latest.current = there;
  const arrange = useCallback(async (signal: AbortSignal) => {
    const from = latest.current;
    if (from.sort === sort && from.filter === filter) return;
    const told = (done: number) => setArranging(Math.floor(done * 100) / 100);
    const sorted = from.sort === sort ? from.sorted : sort ? await inSlices(sorting(table.rows, typeOf(table, sort), sort), signal, told) : natural;
    const order = await inSlices(filtering(table, sorted, filter), signal, told);
    setKept({ table, sort, filter, sorted, order });
  }, [table, natural, sort, filter]);
  useEffect(() => {
    if (!many) return;
    const abort = new AbortController();
    arrange(abort.signal).finally(() => !abort.signal.aborted && setArranging(undefined)).catch(() => {}); // nothing fails but by being stopped
    return () => {
      abort.abort();
      setArranging(undefined);
    };
  }, [many, arrange]);
  return { order: there.order, arranging, shown: there };
}
