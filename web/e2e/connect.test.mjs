// From an empty system to a connected simulated tenant: the real binary, which asks
// the tenant over HTTPS. scripts/browser-test starts it and hands over what it says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { becomes, enter, screenshot, until } from "./harness.mjs";

const given = process.env.QUOLL_UNCONNECTED;
const fact = (name) => new RegExp(`^ *${name} +(\\S+)$`, "m").exec(given)[1];

if (given) {
  const { page, troubles } = await enter();

  test("an empty system is connected to a tenant, whose state, ledger and calendar fill", async () => {
    await page.goto("/");
    await page.getByRole("region", { name: "Is everything arriving, and since when?" }).getByText("Nothing is collected yet").waitFor();
    await page.goto("/connectors");
    await page.getByRole("heading", { name: "No connectors" }).waitFor();
    await page.getByRole("button", { name: "Add a tenant" }).click();
    const dialog = page.getByRole("dialog", { name: "Add a tenant" });
    await dialog.getByLabel("Name").fill("Coast");
    await dialog.getByLabel("Directory (tenant) ID").fill(fact("Directory .tenant. ID"));
    await dialog.getByLabel("Application (client) ID").fill(fact("Application .client. ID"));
    await dialog.getByRole("button", { name: "Something stands between" }).click();
    await dialog.getByLabel("Address of the API").fill(fact("Address of the API"));
    await dialog.getByLabel("Address of the authority").fill(fact("Address of the authority"));
    await dialog.getByLabel("Path of its authorities").fill(fact("Its certificates"));
    const secret = dialog.getByLabel("Client secret", { exact: false }).last();
    const check = dialog.getByRole("button", { name: "Check", exact: true });
    const findings = dialog.getByRole("list", { name: "What was found" });
    await secret.fill("not the secret");
    await check.click();
    await dialog.getByText("Put right what blocks, and check again.").waitFor();
    await becomes(() => findings.innerText(), /Good[\s\S]*Blocks\s+sign-in/);
    await secret.fill(fact("Client secret"));
    await check.click();
    await dialog.getByText("Nothing keeps Quoll from collecting.").waitFor();
    await dialog.getByRole("button", { name: "Add and collect" }).click();
    await page.getByText("Coast is collected from now on.").waitFor();

    const group = page.getByRole("region", { name: "Office 365 Management Activity API" });
    await until("records", async () => {
      const totals = await group.locator("tbody tr:not(.connector-error) td:nth-child(8)").allInnerTexts();
      return totals.some((n) => Number(n.replaceAll(",", "")) > 0);
    });
    await group.getByText("Healthy").first().waitFor();
    const calendar = page.getByRole("region", { name: "Whether everything arrived" });
    const known = calendar.locator("td.gap-complete, td.gap-waiting, td.gap-late");
    await until("hours of which something is known", async () => (await known.count()) > 0);
    await known.last().hover();
    await calendar.getByRole("tooltip").getByText(/of [\d,]+ blobs kept/).waitFor();
    await until("rows in the tables", async () => /UnifiedAuditLog\s+[1-9]/.test(await page.getByRole("region", { name: "Tables", exact: true }).last().innerText()));
    await screenshot(page, "connectors-first");
  });

  test("the tenant is removed, and what it sent stays", async () => {
    await page.getByRole("button", { name: "Remove Coast" }).click();
    await page.getByRole("button", { name: "Stop collecting" }).click();
    await page.getByText("Coast is collected no more. What it sent stays.").waitFor();
    await page.getByRole("heading", { name: "No connectors" }).waitFor();
    await becomes(() => page.getByRole("region", { name: "Tables", exact: true }).last().innerText(), /UnifiedAuditLog\s+[1-9]/);
  });

  test("nothing broke", () => assert.deepEqual(troubles.filter((t) => !/status of 401/.test(t)), []));
}
