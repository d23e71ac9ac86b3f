import { describe, expect, it } from "vitest";
import { legible } from "./legible";
import { exactCell, formatCell } from "./value";

describe("legible", () => {
  it("writes out what cannot be seen and turns text round", () => {
    expect(legible("invoice\u202Efdp.exe")).toBe("invoice‹U+202E›fdp.exe");
    expect(legible("a\u0000b\u200Bc\u2066d\uFEFFe\u0085f")).toBe("a‹U+0000›b‹U+200B›c‹U+2066›d‹U+FEFF›e‹U+0085›f");
  });
  it("leaves alone what can be seen, in every script, and the breaks of lines", () => {
    for (const text of ["", "Rechnung für Zoë", "שלום עולם", "مرحبا", "请付款 🐾", "a\tb\r\nc"]) expect(legible(text)).toBe(text);
  });
  it("is how a cell reads, and not what is copied of it", () => {
    expect(formatCell("x\u202Ey", "string", "utc")).toBe("x‹U+202E›y");
    expect(formatCell({ "n\u202Eame": "x\u200Fy" }, "dynamic", "utc")).toBe('{"n‹U+202E›ame":"x‹U+200F›y"}');
    expect(exactCell("x\u202Ey")).toBe("x\u202Ey");
  });
});
