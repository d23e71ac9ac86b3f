/** Pixels, as grid.css has them. */
export const rowHeight = 28;
export const headerHeight = 32;

/**
 * Browsers cannot place elements beyond about 33 million pixels (Chromium) or 17
 * million (Firefox). A grid of more rows is only so high, and each pixel of its
 * scrollbar stands for more than one of its rows.
 */
const mostPixels = 15_000_000;

export const bodyHeight = (rows: number) => Math.min(rows * rowHeight, mostPixels);

/** How far down the rows of a grid one sees, for where its scrollbar is. */
export function virtualTop(scrollTop: number, viewport: number, rows: number): number {
  const whole = rows * rowHeight;
  const shown = bodyHeight(rows);
  if (whole === shown || shown <= viewport) return scrollTop;
  return Math.round((scrollTop / (shown - viewport)) * (whole - viewport));
}

/** Where the scrollbar must be for a place in the rows: the inverse of virtualTop. */
export function scrollTopFor(top: number, viewport: number, rows: number): number {
  const whole = rows * rowHeight;
  const shown = bodyHeight(rows);
  return whole === shown || shown <= viewport ? top : (top / (whole - viewport)) * (shown - viewport);
}
