// From the first screen to a closed incident whose evidence was taken away.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { cannedTest, enterCanned, until } from "./harness.mjs";

const { page } = await enterCanned();

cannedTest("what needs somebody is on the first screen, and is closed with its evidence kept", async () => {
  await page.goto("/");
  const needs = page.getByRole("region", { name: "What needs me now?" });
  await until("an incident", async () => (await needs.getByRole("list").getByRole("link").count()) > 0);
  await needs.getByRole("list").getByRole("link").filter({ hasText: "Business e-mail compromise" }).first().click();
  await page.getByRole("tab", { name: "Story" }).waitFor();
  const address = page.url();

  // The evidence of its first alert, whole and as a file.
  await page.getByRole("tab", { name: /^Alerts/ }).click();
  await page.getByRole("button", { name: "Open in Logs" }).first().click();
  await page.waitForURL("**/logs#query=*");
  await page.getByTestId("cost").waitFor();
  await page.getByRole("button", { name: "Export" }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "Excel" }).click()]);
  assert.equal(download.suggestedFilename(), "quoll-results.xlsx");
  assert.match(await readFile(await download.path(), "utf8"), /^\d+ rows as xlsx/);

  await page.goto(address);
  await page.getByLabel("Owner").fill("e2e.closer");
  await page.getByLabel("Status").selectOption("Closed");
  await page.getByLabel("Classification").selectOption({ label: "True positive" });
  await page.getByLabel("Comment").fill("Evidence exported; the account was reset.");
  await page.getByRole("button", { name: "Save" }).click();
  await until("the story to say that it is closed", async () => /e2e\.closer/.test(await page.locator(".timeline").innerText()));
  assert.equal(await page.getByLabel("Status").inputValue(), "Closed");

  // The closed incident is taken away whole, with its proofs and its chain of custody.
  const custody = page.getByRole("region", { name: "Evidence" });
  const [whole] = await Promise.all([page.waitForEvent("download"), custody.getByRole("button", { name: "Export with evidence" }).click()]);
  assert.match(whole.suggestedFilename(), /^incident-\d+\.custody\.tar$/);
  await custody.getByText(`Saved as ${whole.suggestedFilename()}`).waitFor();
  assert.match(await readFile(await whole.path(), "utf8"), /^canned custody of Business e-mail compromise/);
});
