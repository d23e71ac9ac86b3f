// Hunting, rules, and what is kept of a query, over canned answers.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { becomes, cannedTest, enterCanned, openQuery, screenshot, until, visit } from "./harness.mjs";

const { server, page, requests } = await enterCanned();

cannedTest("whatever is pasted is found in every table", async () => {
  await visit(page, "/hunting");
  await page.getByLabel("Range").selectOption({ label: "Last 365 days" });
  await page.getByRole("searchbox").fill("hxxps://wattleworks-portal[.]example/session/renew");
  await page.getByText("Read as: URL").waitFor();
  const asked = page.waitForRequest((r) => r.url().endsWith("/api/v1/query"));
  await page.keyboard.press("Enter");
  const { query, timespan } = (await asked).postDataJSON();
  assert.match(query, /^search "https:\/\/wattleworks-portal\.example\/session\/renew"\n/);
  assert.ok(Math.abs(Date.now() - Date.parse(timespan.from) - 365 * 86_400_000) < 3_600_000, timespan.from);
  await page.getByText("419 rows in 2 tables").waitFor();
  await becomes(() => page.getByRole("link", { name: "EmailEvents" }).getAttribute("href"), /search%20in%20%28EmailEvents%29/);
  await page.getByRole("region", { name: "Hunts" }).getByRole("button", { name: "Run all hunts" }).click();
  await until("all hunts to have run", async () => (await page.getByRole("button", { name: "Run all hunts" }).count()) === 1);
  const counts = await page.getByRole("region", { name: "Hunts" }).locator("tbody tr td:nth-child(3)").allInnerTexts();
  assert.equal(counts.length, 4);
  assert.ok(counts.every((c) => /^\d+$/.test(c)), counts.join());
  await becomes(async () => (await page.getByRole("region", { name: "Hunts" }).locator("tbody tr td:nth-child(5)").allInnerTexts()).every((d) => /^[+-]?\d+$/.test(d)), true, "what changed since the span before");
  await screenshot(page, "hunting");
});

cannedTest("rules tell their health, what of ATT&CK they cover, and can be tried", async () => {
  await visit(page, "/rules");
  const row = (name) => page.getByRole("row").filter({ hasText: name });
  await row("Inbox rule hides").getByText("Healthy").waitFor();
  await row("Sign-in after a phishing").getByText("Failing").waitFor();
  await row("Many files deleted").getByText("Off", { exact: true }).waitFor();
  await page.getByLabel("Health", { exact: true }).selectOption("failing");
  await becomes(() => page.locator("table.rules tbody tr").count(), 1);
  await page.getByLabel("Severity", { exact: true }).selectOption("Informational");
  await page.getByRole("button", { name: "Show all" }).click();
  await row("Many files deleted").waitFor();
  await page.getByRole("tab", { name: "MITRE ATT&CK" }).click();
  await becomes(() => page.getByRole("button", { name: /^Data Destruction ?T1485 ?No rule/ }).isDisabled(), true);
  await screenshot(page, "rules-attack");
  await page.getByRole("button", { name: /^Phishing ?T1566 ?1 rule$/ }).click();
  await becomes(() => page.locator("table.rules tbody tr").count(), 1);
  await page.getByRole("button", { name: "Sign-in after a phishing link was clicked" }).click();
  const panel = page.getByRole("complementary", { name: "Sign-in after a phishing link was clicked" });
  await panel.getByText("no column \"ClientIp\"", { exact: false }).waitFor();
  await panel.getByLabel("Query").fill("OfficeActivity | where NoSuchColumn == 1");
  await panel.getByRole("button", { name: "Test over its period" }).click();
  await panel.getByText("Line 1, column 24", { exact: false }).waitFor();
  await panel.getByLabel("Query").fill("OfficeActivity | take 3");
  await panel.getByRole("button", { name: "Test over its period" }).click();
  await panel.getByText("3 rows").waitFor();
  await screenshot(page, "rules");
});

cannedTest("rules are imported from files, and one that is wrong says why", async () => {
  await page.goto("/rules");
  await page.getByRole("button", { name: "Import" }).click();
  const dialog = page.getByRole("dialog", { name: "Import rules" });
  const file = (name, text) => ({ name, mimeType: "text/yaml", buffer: Buffer.from(text) });
  await dialog.getByLabel("Files", { exact: true }).setInputFiles([
    file("good.yaml", "id: r-20\nname: Imported from a file\nversion: 1.0.0\nseverity: Low\nquery: OfficeActivity\n"),
    file("bad.yml", "id: r-21\nname: Bad\nquery: OfficeActivity | where NoSuchColumn == 1\n"), file("readme.md", "# no rule"),
    file("arm.json", '{"resources":[{"type":"Microsoft.SecurityInsights/alertRules"}]}'), file("package.json", "{}"),
    file("sigma.yml", "title: A mailbox forwards\nid: r-23\nlogsource:\n  product: m365\n"),
  ]);
  await dialog.getByText("5 files; 1 others are neither YAML nor JSON and left out").waitFor();
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await dialog.getByText("3 of 5 rules taken in; 1 file holds no rule").waitFor();
  // Each is told as soon as it is known.
  await until("what became of each", async () => /Runs\s+Imported from a file[\s\S]*Refused\s+Bad[\s\S]*NoSuchColumn[\s\S]*Runs\s+Imported from a template[\s\S]*Refused\s+arm\.json[\s\S]*Microsoft's own engine[\s\S]*Differs\s+A mailbox forwards[\s\S]*no frequency/.test(await dialog.getByRole("list", { name: "What became of each" }).innerText()));
  await screenshot(page, "rules-import");
  const folder = await mkdtemp(join(tmpdir(), "rules-"));
  await mkdir(join(folder, "below"));
  await writeFile(join(folder, "below", "deep.yaml"), "id: r-22\nname: Imported from a folder\nversion: 1.0.0\nseverity: Low\nquery: OfficeActivity\n");
  await dialog.getByLabel("Or a folder with all below it").setInputFiles(folder);
  await dialog.getByText("1 file", { exact: true }).waitFor();
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await dialog.getByText("1 of 1 rule taken in").waitFor();
  await rm(folder, { recursive: true });
  await dialog.getByRole("button", { name: "Close" }).click();
  // By role: a dialog that goes while it is open leaves the page without any.
  await page.getByRole("button", { name: "Imported from a file" }).waitFor();
  await page.getByRole("button", { name: "A mailbox forwards" }).waitFor();
  await page.getByRole("button", { name: "Imported from a folder" }).waitFor();
});

cannedTest("a query is filtered, explained, saved, bookmarked and found in the history", async () => {
  await openQuery(page, "OfficeActivity | take 50");
  const grid = page.getByRole("grid", { name: "Results" });
  await grid.waitFor();
  await page.getByLabel("Filter rows").fill("Operation:New-InboxRule");
  await page.getByText(/^\d of 50 rows$/).waitFor();
  await page.getByRole("button", { name: "Plan" }).click();
  await page.getByText("scan OfficeActivity", { exact: false }).waitFor();
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Fifty of them");
  await page.getByRole("textbox", { name: "Name" }).press("Enter");
  await page.getByRole("button", { name: "Export" }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "JSON" }).click()]);
  assert.equal(download.suggestedFilename(), "quoll-results.json");

  const panel = page.getByRole("complementary", { name: "Tables and samples" });
  await panel.getByRole("tab", { name: "Saved" }).click();
  await panel.getByRole("button", { name: /^Fifty of them/ }).waitFor();
  await panel.getByRole("tab", { name: "History" }).click();
  await panel.getByRole("button", { name: /^OfficeActivity \| take 50/ }).waitFor();
  await grid.getByRole("row").nth(1).dblclick();
  const details = page.getByRole("complementary", { name: "Row details" });
  await details.getByRole("button", { name: "Bookmark" }).click();
  await details.getByRole("button", { name: "Bookmarked" }).waitFor();
  await visit(page, "/hunting");
  const marks = page.getByRole("region", { name: "Bookmarks" });
  await marks.getByRole("link", { name: /^New-InboxRule/ }).waitFor();
  await marks.getByRole("button", { name: "Into an incident" }).click();
  await marks.getByLabel(/^Incident for New-InboxRule/).selectOption({ label: "#6 Many files downloaded in a short time" });
  await marks.getByRole("link", { name: "In the incident" }).click();
  await page.locator(".timeline-comment").getByText(/OfficeActivity \| take 50/).waitFor();
  await page.goBack();
  await marks.getByRole("button", { name: "Remove" }).click();
  await marks.getByText("No bookmarks yet", { exact: false }).waitFor();
  assert.deepEqual(requests.filter((url) => !url.startsWith(server.origin) && !/^(about|blob|data):/.test(url)), []);
});

cannedTest("an exposure report is made, taken away and removed", async () => {
  await visit(page, "/hunting");
  await page.getByRole("link", { name: "Exposure reports" }).click();
  await page.getByRole("heading", { name: "No reports" }).waitFor();
  await page.getByLabel("User").fill("ada@coast.example");
  await page.getByLabel("From (UTC)").fill("2026-09-14T00:00");
  await page.getByLabel("Before (UTC)").fill("2026-09-15T00:00");
  await page.getByRole("button", { name: "Make report" }).click();
  const report = page.getByRole("region", { name: "ada@coast.example" });
  await report.getByText("Running", { exact: false }).waitFor();
  await report.getByRole("row", { name: /Messages opened/ }).waitFor();
  await screenshot(page, "exposure-report");
  const [file] = await Promise.all([page.waitForEvent("download"), report.getByRole("button", { name: "Take the report about ada@coast.example as HTML" }).click()]);
  assert.match(file.suggestedFilename(), /^quoll-investigation-.*\.html$/);
  await report.getByRole("button", { name: "Remove the report about ada@coast.example" }).click();
  await page.getByRole("heading", { name: "No reports" }).waitFor();
});

cannedTest("a rule shows what it would have found, and what each version changed", async () => {
  await visit(page, "/rules");
  await page.getByRole("button", { name: "Mailbox forwards outside" }).click();
  await page.getByRole("button", { name: "Backtest" }).click();
  await page.getByText(/\d+ alerts in 168 windows/).waitFor();
  await becomes(async () => (await page.getByRole("list", { name: "Alerts by day" }).getByRole("listitem").count()) >= 14, true);
  await page.getByRole("button", { name: "History" }).click();
  const versions = page.getByRole("list", { name: "History" }).getByRole("listitem");
  await until("two versions", async () => (await versions.count()) === 2);
  await becomes(() => versions.first().innerText(), /Version 1\.1\.0[\s\S]*kai\.whitford[\s\S]*- version: 1\.0\.0\n\+ version: 1\.1\.0[\s\S]*\+ {3}\| where Operation in/);
  await screenshot(page, "rule-history");
});
