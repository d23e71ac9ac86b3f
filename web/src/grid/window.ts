/** A half-open range of rows or columns. */
export interface Range { start: number; end: number }

/** The rows of equal height that a viewport shows, with some around it. */
export function visibleRows(scrollTop: number, viewport: number, rowHeight: number, count: number, overscan = 8): Range {
  const start = Math.max(0, Math.floor(scrollTop / rowHeight) - overscan);
  const end = Math.min(count, Math.ceil((scrollTop + viewport) / rowHeight) + overscan);
  return { start: Math.min(start, end), end };
}

/** The columns that a viewport shows; offsets[i] is the left edge of column i. */
export function visibleColumns(scrollLeft: number, viewport: number, offsets: number[], overscan = 2): Range {
  const count = offsets.length - 1;
  let start = 0;
  while (start < count && offsets[start + 1]! <= scrollLeft) start++;
  let end = start;
  while (end < count && offsets[end]! < scrollLeft + viewport) end++;
  return { start: Math.max(0, start - overscan), end: Math.min(count, end + overscan) };
}

/** Left edges of columns of these widths, and the right edge of the last. */
export function edges(widths: number[]): number[] {
  const out = [0];
  for (const width of widths) out.push(out[out.length - 1]! + width);
  return out;
}
