// A query is typed, corrected by its diagnostic, charted, and saved as a rule,
// which then fires.
import assert from "node:assert/strict";
import { test } from "node:test";
import { becomes, canned, enter, openQuery, rowCount, screenshot, until } from "./harness.mjs";

const { page, troubles } = await enter();
const name = `Mail is read (${Date.now()})`;

const grid = () => page.getByRole("grid", { name: "Results" });
const drawn = () => page.locator(".chart-canvas canvas").first();

test("a mistake is shown at its place, and put right there", async () => {
  await openQuery(page, 'OfficeActivity\n| where NoSuchColumn == "MailItemsAccessed"');
  const mistake = page.locator(".mistakes button").first();
  await mistake.waitFor();
  await becomes(() => mistake.innerText(), /Line 2, column 9/);
  await becomes(() => mistake.innerText(), /NoSuchColumn/);
  await page.locator('[data-testid="editor"][data-schema="ready"]').waitFor();
  await mistake.click(); // the cursor is at the mistake now
  await page.keyboard.press("Control+Shift+ArrowRight");
  await page.keyboard.insertText("Operation ");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Shift+Enter");
  await grid().waitFor();
  await becomes(async () => (await grid().getByRole("row").count()) > 1, true);
});

test("the query is charted", async () => {
  await page.keyboard.press("Control+End");
  await page.keyboard.insertText("\n| summarize Events = count() by UserId, bin(TimeGenerated, 1h)\n| render timechart");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Shift+Enter");
  await drawn().waitFor();
});

test("the query is saved as a rule", async () => {
  await page.getByRole("button", { name: "As rule" }).click();
  const dialog = page.getByRole("dialog", { name: "The query as a detection rule" });
  const file = dialog.getByLabel("File");
  await dialog.getByLabel("Name", { exact: false }).first().fill(name);
  await dialog.getByLabel("Severity").selectOption("Low");
  await dialog.getByLabel("Over the last").selectOption("7d");
  await becomes(() => file.inputValue(), new RegExp(`name: ${JSON.stringify(name).replace(/[()]/g, "\\$&")}`));
  assert.doesNotMatch(await file.inputValue(), /render/);
  if (!canned) await becomes(() => file.inputValue(), /entityType: Account/);
  await screenshot(page, "rule-from-query");
  // A file that is no rule is refused, and says why.
  const good = await file.inputValue();
  await file.fill("name: only this");
  await dialog.getByRole("button", { name: "Save rule" }).click();
  await dialog.getByRole("alert").waitFor();
  await file.fill(good);
  await dialog.getByRole("button", { name: "Save rule" }).click();
  await page.getByText("is saved and runs from now on").waitFor();
  await page.getByRole("link", { name: "Go to Rules" }).click();
  await page.getByRole("searchbox").fill(name);
  await page.getByRole("button", { name }).waitFor();
});

// Canned answers detect nothing.
// The incident may have another alert's name, for alerts of one account meet in one.
(canned ? () => {} : test)("the rule fires", async () => {
  await until("an alert of the rule", async () => {
    await openQuery(page, `SecurityAlert | where AlertName == ${JSON.stringify(name)} | project AlertName, AlertSeverity`, "P1D");
    await page.getByTestId("cost").waitFor();
    return (await rowCount(page)) > 0;
  });
  await grid().getByText("Low").first().waitFor();
});

test("nothing broke", () => {
  // The browser itself writes a line for every answer of 400 and above: the mistake, and the file that is no rule.
  assert.deepEqual(troubles.filter((t) => !/the server responded with a status of 400/.test(t)), []);
});
