import { expect, test } from "vitest";
import { countQuery, kindOf, literal, lookupQuery, refang } from "./lookup";

test("what is pasted is read by its form", () => {
  const cases: [string, string][] = [
    ["mara.lindqvist@wattleworks.example", "address"], ["wattleworks.example", "domain"], ["https://wattleworks.example/a?b=c", "url"],
    ["d41d8cd98f00b204e9800998ecf8427e", "hash"], ["E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", "hash"],
    ["203.0.113.77", "ip"], ["2001:db8::7", "ip"], ["7b0f5a3c-2e11-4d5e-9d0c-3f6c1f0e8a51", "messageId"],
    ["SY4PR01MB1234ABCDEF56789A0@SY4PR01MB1234.ausprd01.prod.outlook.com", "messageId"], ["New-InboxRule", "word"], ["999.1.1.1", "word"],
  ];
  for (const [value, kind] of cases) expect([value, kindOf(value)]).toEqual([value, kind]);
});

test("harmless forms are undone", () => {
  expect(refang(" hxxps[://]evil[.]example/x ")).toBe("https://evil.example/x");
  expect(refang("<a@b.example>")).toBe("a@b.example");
});

test("nothing that is pasted leaves its literal", () => {
  expect(literal('a"b\\c')).toBe('"a\\"b\\\\c"');
  expect(lookupQuery('x" | union T')).toContain('search "x\\" | union T"\n');
  expect(countQuery("T\n| take 5;\n")).toBe("T\n| take 5\n| count");
});
