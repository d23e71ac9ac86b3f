import { expect, test } from "vitest";
import { namesOf } from "./names";

test("names stand one a line, and each counts once", () => {
  expect(namesOf("  ada@coast.example\r\n\nAda Lovelace \nada@coast.example")).toEqual(["ada@coast.example", "Ada Lovelace"]);
  expect(namesOf(" \n")).toEqual([]);
});
