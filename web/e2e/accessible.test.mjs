// Every page against the rules of axe for WCAG 2.2 AA, in both schemes, and the
// queue on a phone.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { becomes, canned, cannedTest, enterCanned, openQuery, screenshot, visit } from "./harness.mjs";

const { server, page } = await enterCanned("-sign-in");
const axe = canned && (await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));

/** What is wrong on the page as it stands, or inside one element, a line for each element. */
async function violations(runOnly, inside) {
  // Fluent's focus keepers are left out: they hand the focus on at once.
  // Over the protocol, since the content security policy forbids eval.
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Runtime.evaluate", { expression: axe });
  const { result, exceptionDetails } = await cdp.send("Runtime.evaluate", {
    expression: `axe.run({ ${inside ? `include: [[${JSON.stringify(inside)}]], ` : ""}exclude: [["[data-tabster-dummy]"]] }, { runOnly: ${JSON.stringify(runOnly)}, resultTypes: ["violations"] })
      .then((r) => JSON.stringify(r.violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.target.join(" ") + " " + (n.any[0]?.message ?? n.all[0]?.message ?? n.none[0]?.message ?? "")))))`,
    awaitPromise: true, returnByValue: true,
  });
  await cdp.detach();
  assert.equal(exceptionDetails, undefined);
  return JSON.parse(result.value);
}

const all = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
// Nothing else depends on the scheme.
const colours = { type: "rule", values: ["color-contrast", "link-in-text-block"] };

const pages = [
  ["the first screen", "/", () => page.getByRole("region", { name: "What is not met, or not visible" }).getByRole("listitem").first()],
  ["the queue", "/incidents", () => page.locator("table.queue tbody tr").first()],
  ["an incident", "/incidents/inc-0007", () => page.locator(".timeline-entry").first()],
  ["an entity", "/entities/Account/mara.lindqvist%40wattleworks.example", () => page.getByRole("heading", { name: "Alerts" })],
  ["hunting", "/hunting", () => page.getByRole("region", { name: "Hunts" }).locator("tbody tr").first()],
  ["rules", "/rules", () => page.locator("table.rules tbody tr").first()],
  ["automation", "/automation", () => page.locator("table.automation tbody tr").first()],
  ["dashboards", "/dashboards", () => page.getByRole("link", { name: "Finance" })],
  ["a dashboard", "/dashboards/exchange", () => page.locator(".tile .card-value").first()],
  ["connectors", "/connectors", () => page.locator("td.gap-complete").first()],
  ["the archive", "/archive", () => page.getByRole("region", { name: "Tables and archive" }).locator("tbody tr").first()],
  ["assurance", "/assurance", () => page.getByRole("region", { name: "ISM-1815" })],
  ["access tokens", "/settings/tokens", () => page.getByRole("button", { name: "Make token" })],
  ["notifications", "/settings/notifications", () => page.getByRole("button", { name: "Send a test to soc" })],
  ["watchlists", "/settings/watchlists", () => page.getByRole("button", { name: "HighValueAssets", exact: true })],
  ["functions", "/settings/functions", () => page.getByRole("button", { name: "Save function" })],
  ["indicators", "/settings/indicators", () => page.getByRole("row", { name: /203\.0\.113\.77/ })],
  ["exceptions", "/settings/exceptions", () => page.getByRole("button", { name: "Make exception" })],
  ["retention", "/settings/retention", () => page.getByRole("region", { name: "Tables" }).locator("tbody tr").first()],
  ["exposure reports", "/investigations", () => page.getByRole("button", { name: "Make report" })],
  ["people", "/settings/people", () => page.getByRole("row", { name: /administrator/ })],
  ["the account", "/account", () => page.getByLabel("New password", { exact: true })],
];

/** What opens on a page: its name, how it opens, and where it lies over the rest, its element and how it closes. */
const parts = {
  "/incidents/inc-0007": [
    ["the graph", async () => {
      await page.getByRole("tab", { name: "Graph" }).click();
      await page.locator(".graph-node").first().waitFor();
    }],
    ["the register", async () => {
      await page.getByRole("tab", { name: "Register" }).click();
      await page.getByRole("button", { name: "Write the report" }).waitFor();
    }],
  ],
  "/connectors": [
    ["adding a tenant", async () => {
      await page.getByRole("button", { name: "Add a tenant" }).click();
      await page.getByLabel("Directory (tenant) ID").waitFor();
    }, "[role=dialog]", () => page.getByRole("dialog").getByRole("button", { name: "Close" }).click()],
  ],
  "/rules": [
    ["a rule", async () => {
      await page.getByRole("button", { name: "Mailbox forwards outside" }).click();
      await page.getByRole("button", { name: "History" }).click();
      await page.locator(".rule-diff").first().waitFor();
    }],
    ["the matrix", () => page.getByRole("tab", { name: "MITRE ATT&CK" }).click()],
  ],
};

cannedTest("every page keeps WCAG 2.2 AA, in light and dark colours", async () => {
  await page.goto("/sign-in");
  await page.getByLabel("Name").waitFor();
  assert.deepEqual(await violations(all), [], "signing in");
  await page.goto("about:blank");
  await page.goto(server.url);
  await page.getByRole("heading", { name: "Overview" }).waitFor();

  const found = [];
  let scheme = "Light";
  const look = async (name, inside) => {
    found.push(...(await violations(all, inside)).map((v) => `${name}, ${scheme}: ${v}`));
    // Behind a dialog nothing can be pressed, and the colours still change.
    scheme = scheme === "Light" ? "Dark" : "Light";
    await page.getByRole("button", { name: `${scheme} colours`, includeHidden: true }).evaluate((button) => button.click());
    await page.locator(`html[style*="color-scheme: ${scheme.toLowerCase()}"]`).waitFor();
    found.push(...(await violations(colours, inside)).map((v) => `${name}, ${scheme}: ${v}`));
  };
  for (const [name, path, ready] of pages) {
    await visit(page, path);
    await ready().waitFor();
    await look(name);
    for (const [part, open, inside, close] of parts[path] ?? []) {
      await open();
      await look(part, inside);
      await close?.();
    }
  }
  await openQuery(page, "OfficeActivity | take 50 | take 50 // 50");
  await page.getByRole("grid", { name: "Results" }).waitFor();
  // What is selected is marked wherever it stands, a ground of its own.
  await page.locator(".view-line").getByText("take").first().dblclick();
  await page.locator(".selectionHighlight").first().waitFor({ state: "attached" });
  await look("logs");
  assert.deepEqual(found, []);
});

cannedTest("the queue can be read on a laptop and on a phone", async () => {
  await page.goto("/incidents");
  await page.locator("table.queue tbody tr").first().waitFor();
  const [table, room] = await page.locator("table.queue").evaluate((t) => [t.scrollWidth, t.parentElement.clientWidth]);
  assert.ok(table <= room, `${table} pixels of table in ${room}`);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/incidents");
  await page.locator("table.queue tbody tr").first().waitFor();
  const overflow = await page.evaluate(() => {
    const main = document.getElementById("main");
    return { page: document.documentElement.scrollWidth - innerWidth, main: main.scrollWidth - main.clientWidth };
  });
  assert.deepEqual(overflow, { page: 0, main: 0 });
  await becomes(() => page.getByRole("link", { name: /Business e-mail compromise/ }).isVisible(), true);
  await screenshot(page, "incidents-phone");
});
