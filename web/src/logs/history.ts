/** A query that was run, and when. */
export interface Past { query: string; at: number }

const key = "quoll.logs.history";
const most = 200;

/** With a query in front; an earlier run of the same is taken out. */
export function remember(past: Past[], query: string, at: number): Past[] {
  return [{ query, at }, ...past.filter((p) => p.query !== query)].slice(0, most);
}

/** What was run in this browser, the latest first. */
export function readHistory(): Past[] {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? "[]") as Past[];
    return kept.filter((p) => typeof p.query === "string" && typeof p.at === "number");
  } catch {
    return [];
  }
}

export function writeHistory(query: string, at: number) {
  try {
    localStorage.setItem(key, JSON.stringify(remember(readHistory(), query, at)));
  } catch {
    // The browser's store is full: the query ran all the same.
  }
}
