import { describe, expect, it } from "vitest";
import { backOff, parseEvents } from "./live";

describe("server-sent events", () => {
  it("are read as they come in pieces", () => {
    const first = parseEvents(': quoll\n\nevent: incidents\ndata: {"new":2}\n\nevent: sour');
    expect(first).toEqual({ events: [{ event: "incidents", data: '{"new":2}' }], rest: "event: sour" });
    expect(parseEvents(first.rest + "ces\r\ndata: 1\r\ndata: 2\r\n\r\n")).toEqual({ events: [{ event: "sources", data: "1\n2" }], rest: "" });
  });
  it("are asked for again after ever longer, at most a minute", () => {
    expect(backOff(0, 0)).toBe(500);
    expect(backOff(0, 1)).toBe(1000);
    expect(backOff(3, 1)).toBe(8000);
    expect(backOff(50, 1)).toBe(60_000);
  });
});
