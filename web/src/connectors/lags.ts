import type { Lags, LagStage } from "../api/types";
import { formatDuration } from "../format/time";
import { text } from "../text/en";

const t = text.connectors.lags;
const stages: LagStage[] = ["eventToAvailable", "availableToJournalled", "journalledToVisible", "eventToVisible"];

/** What half and what nearly all records took over the last day; empty where nothing was measured. */
export function usualLag(lags: Lags | undefined): string {
  const all = lags?.day.eventToVisible;
  return all ? t.usual(formatDuration(all.p50Seconds), formatDuration(all.p99Seconds)) : "";
}

/** Stage by stage, a line each, for those who point at it. */
export function lagLines(lags: Lags | undefined): string | undefined {
  if (!lags) return undefined;
  const lines = stages.flatMap((stage) => {
    const l = lags.day[stage];
    const d = formatDuration;
    return l ? [t.line(t.stages[stage], d(l.p50Seconds), d(l.p90Seconds), d(l.p99Seconds), d(l.maxSeconds))] : [];
  });
  return lines.length > 0 ? [t.title, ...lines].join("\n") : undefined;
}
