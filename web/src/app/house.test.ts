// What holds for the text of all pages: words stand in src/text, and whatever can be
// clicked can be reached with the keyboard.
import { expect, test } from "vitest";

const read = (files: Record<string, string>, below: string) => Object.entries(files).map(([file, text]) => ({ file: file.replace(below, ""), text }));
const sources = read(import.meta.glob<string>("/src/**/*.tsx", { query: "?raw", import: "default", eager: true }), "/src/");
const tests = read(import.meta.glob<string>("/e2e/*.test.mjs", { query: "?raw", import: "default", eager: true }), "/e2e/");
const textOf = (files: typeof sources, name: string) => files.find((f) => f.file === name)!.text;

/** The opening tags of a file: name and attributes, with braces in balance. */
function* tags(text: string): Generator<{ name: string; attributes: string }> {
  for (const m of text.matchAll(/<([A-Za-z][\w.]*)(?=[\s/>])/g)) {
    let depth = 0;
    let end = m.index + m[0].length;
    for (; end < text.length && (depth > 0 || text[end] !== ">"); end++) depth += text[end] === "{" ? 1 : text[end] === "}" ? -1 : 0;
    yield { name: m[1]!, attributes: text.slice(m.index + m[0].length, end) };
  }
}

const native = new Set(["a", "button", "input", "select", "textarea", "summary"]);
/** Lines and cells for which what holds them handles the keys. */
const held = new Set(["grid/Rows.tsx: div", "grid/Grid.tsx: div", "connectors/GapGrid.tsx: td", "incidents/QueuePage.tsx: tr"]);

test("what can be clicked is reached with the keyboard", () => {
  const out = sources.flatMap(({ file, text }) =>
    [...tags(text)]
      .filter(({ name, attributes }) => /^[a-z]/.test(name) && !native.has(name) && /\bon(Click|DoubleClick|MouseDown|PointerDown)=/.test(attributes) && !(/\btabIndex=/.test(attributes) && /\bonKeyDown=/.test(attributes)))
      .map(({ name }) => `${file}: ${name}`))
    .filter((found) => !held.has(found));
  expect(out).toEqual([]);
});

test("words stand in src/text alone", () => {
  const out = sources.flatMap(({ file, text }) => [
    // Between two tags, and in what is read out or shown under the pointer.
    ...[...text.matchAll(/[\w"'}/]>([^<>{}=;()]*[A-Za-z]{3,}[^<>{}=;()]*)<\//g)].map((m) => m[1]!.trim()),
    ...[...text.matchAll(/\b(?:aria-label|title|placeholder|label|alt|hint)="([^"]*[A-Za-z]{2,}[^"]*)"/g)].map((m) => m[1]!),
  ].filter((words) => !same.has(words)).map((words) => `${file}: ${words}`));
  expect(out).toEqual([]);
});

/** Names, and what one types, which are the same in every language. */
const same = new Set([
  "Quoll", "CSV", "JSON", "Excel", "Parquet", "null", "New-InboxRule", "https://manage.office.com", "https://login.microsoftonline.com",
  "quoll archive verify", "quoll archive drill", "quoll rules import", "quoll dashboards import",
]);

test("each page is among those whose states and whose accessibility are tested", () => {
  const app = textOf(sources, "app/App.tsx");
  const routes = [...app.matchAll(/if \(page === "(\w*)" && (!?)id/g)].map((m) => `/${m[1]}${m[2] ? "" : "/"}`);
  expect(routes.length).toBeGreaterThan(12);
  for (const [name, elsewhere] of [["states", []], ["accessible", ["/logs"]]] as const) {
    const tested = textOf(tests, `${name}.test.mjs`);
    const missing = routes.filter((route) => !elsewhere.includes(route as never) && !(route.endsWith("/") && route !== "/" ? tested.includes(`"${route}`) : tested.includes(`"${route}"`)));
    expect(missing, name).toEqual([]);
  }
});
