// Dashboards: tiles of queries over one range, with parameters.
import assert from "node:assert/strict";
import { becomes, cannedTest, enterCanned, screenshot, until } from "./harness.mjs";

const { page } = await enterCanned();

const tile = (name) => page.getByRole("region", { name });
const bodyOf = (request) => (request.url().endsWith("/api/v1/query") ? request.postDataJSON() : {});

cannedTest("a dashboard is found, one whose file is wrong says why, and a workbook becomes one", async () => {
  await page.goto("/");
  await page.getByRole("link", { name: "Dashboards" }).click();
  await page.getByText("tiles: 0; a dashboard has 1 to 60").waitFor();
  await screenshot(page, "dashboards");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Import a dashboard" });
  const choose = (text) => dialog.getByLabel("File (.json, .yaml)").setInputFiles({ name: "Teams.json", mimeType: "application/json", buffer: Buffer.from(text) });
  await choose("{}");
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await dialog.getByText("no steps under", { exact: false }).waitFor();
  await choose('{"version":"Notebook/1.0","items":[]}');
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await dialog.getByText("“Teams” has 3 tiles.", { exact: false }).waitFor();
  await dialog.getByText("metric: is a step of kind 10").waitFor();
  await dialog.getByText('no table "SigninLogs"', { exact: false }).waitFor();
  await screenshot(page, "dashboards-import");
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByRole("link", { name: "Teams" }).waitFor();
  await page.getByRole("button", { name: "Remove Teams" }).click();
  await page.getByRole("link", { name: "Teams" }).waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Exchange" }).click();
  await tile("Activity by the hour").locator("canvas").first().waitFor();
  await becomes(() => tile("Messages delivered").innerText(), /18,204/);
  await page.getByText("Ask them before a mailbox is closed.").waitFor();
  await screenshot(page, "dashboard");
  // Tiles further down ask when they come near.
  await tile("Inbox rules that were made").scrollIntoViewIfNeeded();
  await tile("Inbox rules that were made").getByRole("grid").waitFor();
  await tile("A tile with a mistake").scrollIntoViewIfNeeded();
  await tile("A tile with a mistake").getByText("NoSuchColumn", { exact: false }).waitFor();
  await tile("Mail read by others").getByText("Nothing in this range").waitFor();
});

cannedTest("a parameter and the range are sent with the tiles that use them, and are in the address", async () => {
  const asked = page.waitForRequest((r) => bodyOf(r).parameters?.person === "mara");
  await page.getByLabel("Person").fill("mara");
  await page.keyboard.press("Enter");
  assert.match(bodyOf(await asked).query, /^declare query_parameters\(person:string\);\n/);
  await until("the address to hold the person", () => page.url().endsWith("#p.person=mara"));
  const week = page.waitForRequest((r) => bodyOf(r).timespan?.from < new Date(Date.now() - 6 * 86_400_000).toISOString());
  await page.getByRole("button", { name: /Time range/ }).click();
  await page.getByRole("button", { name: "Last 7 days" }).click();
  await week;
  await page.reload();
  await page.getByRole("button", { name: "Time range: Last 7 days" }).waitFor();
  await becomes(() => page.getByLabel("Person").inputValue(), "mara");
  await page.getByRole("button", { name: "Open Activity by the hour in Logs" }).click();
  await page.waitForURL(/logs#query=let%20person%20%3D%20%22mara%22/);
});
