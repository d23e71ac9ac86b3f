import type { ArchiveTask } from "../api/types";

/** How much of a task is done, from 0 to 1; undefined where that is not known. */
export function taskProgress(task: ArchiveTask): number | undefined {
  if (task.total <= 0) return undefined;
  return Math.min(1, Math.max(0, task.done / task.total));
}

/** A time of a form field, "2026-09-14T08:00", as the server takes it: it is UTC. */
export function utcInstant(field: string): string | undefined {
  const at = new Date(field + "Z");
  return field === "" || Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
