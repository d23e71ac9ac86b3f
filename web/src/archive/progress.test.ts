import { expect, test } from "vitest";
import { taskProgress, utcInstant } from "./progress";

test("how far a task is", () => {
  const task = (done: number, total: number) => ({ kind: "verify" as const, started: "", ended: null, done, total });
  expect(taskProgress(task(0, 0))).toBeUndefined();
  expect(taskProgress(task(5, 10))).toBe(0.5);
  expect(taskProgress(task(11, 10))).toBe(1);
});

test("what is typed is UTC, whatever the zone of the computer", () => {
  expect(utcInstant("2026-09-14T08:00")).toBe("2026-09-14T08:00:00.000Z");
  expect(utcInstant("")).toBeUndefined();
  expect(utcInstant("soon")).toBeUndefined();
});
