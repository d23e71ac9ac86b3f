// The stories that the UI must carry. They run against canned answers and, with
// QUOLL_URL, against a real "quoll demo".
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { becomes, canned, cannedTest, enter, loadQuery, openBrowser, openQuery, patience, rowCount, screenshot, until, visit } from "./harness.mjs";

const { server, context, page, troubles, requests } = await enter();
const base = server.origin;

before(async () => {
  if (canned) return;
  await page.goto("/");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  assert.ok(!page.url().includes("link="), "the secret stays in the address");
});

const grid = () => page.getByRole("grid", { name: "Results" });
const editor = () => page.getByTestId("editor");
const schemaReady = () => page.locator('[data-testid="editor"][data-schema="ready"]').waitFor();
/** The language service has found a table in the text, and coloured it. */
const coloured = () => page.locator(".view-lines .Table").first().waitFor();

test("the first screen answers three questions, and says what is not met", async () => {
  await page.goto("/");
  const arriving = page.getByRole("region", { name: "Is everything arriving, and since when?" });
  await arriving.locator(".verdict").waitFor();
  // The keyboard first reaches what skips the navigation.
  await page.keyboard.press("Tab");
  await becomes(() => page.evaluate(() => document.activeElement.textContent), "Skip to content");
  await page.keyboard.press("Enter");
  await becomes(() => page.evaluate(() => document.activeElement.id), "main");
  await becomes(() => arriving.getByRole("list", { name: /last four weeks/ }).getByRole("listitem").count(), 28);
  const changed = page.getByRole("region", { name: "Can anyone, including us, have changed it?" });
  await changed.getByText("Signed checkpoint").waitFor();
  await until("a checkpoint with leaves", async () => /[\d,]+ leaves/.test(await changed.innerText()));
  const needs = page.getByRole("region", { name: "What needs me now?" });
  await until("an incident with its clock", async () => /open for/.test(await needs.innerText()));
  const unmet = page.getByRole("region", { name: "What is not met, or not visible" });
  await unmet.getByRole("listitem").first().waitFor();
  if (canned) {
    await becomes(() => arriving.innerText(), /Not everything[\s\S]*3 of 9 streams have a gap or fail[\s\S]*in [67] d/);
    await becomes(() => changed.innerText(), /Not without being seen[\s\S]*[56] h ago[\s\S]*40,612 leaves[\s\S]*292, up to [\s\S]*Tables and archive compared[\s\S]*equal, [34] h ago[\s\S]*Last restore drill[\s\S]*rows equal, 9 d ago[\s\S]*Copies/);
    for (const fact of [/Audit\.SharePoint \(Wattle Works\) fails/, /Audit\.Exchange .*something is lost on \d+ of the last 28 days/, /DLP\.All .*subscription was off/, /ends in 12 days/, /nothing has arrived yet/, /The copy azure of the archive has stopped/, /The witness .* does not cosign the archive/]) {
      await becomes(() => unmet.innerText(), fact);
    }
  } else {
    await becomes(() => unmet.innerText(), /The archive was never verified here/);
    await becomes(() => unmet.innerText(), /It was never tried whether the archive could be restored/);
  }
  await screenshot(page, "overview");
  await needs.getByRole("list").getByRole("link").first().click();
  await page.getByRole("tab", { name: "Story" }).waitFor();
});

test("a query is typed with completion, run with Shift+Enter, and its rows are looked at", async () => {
  await page.goto("/");
  await page.getByRole("link", { name: "Logs", exact: true }).click();
  await editor().click();
  await schemaReady();
  await page.keyboard.type("OfficeAct");
  const suggestions = page.locator(".suggest-widget.visible");
  await suggestions.getByText("OfficeActivity", { exact: false }).first().waitFor();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  // The language service may add a line and a pipe of its own.
  await page.keyboard.press("Control+A");
  await page.keyboard.type("OfficeActivity | where Operat");
  await suggestions.getByText("Operation", { exact: true }).first().waitFor();
  await screenshot(page, "logs-completion");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("OfficeActivity | take 50 ");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Shift+Enter");
  await grid().waitFor();
  await becomes(() => rowCount(page), 50);
  await until("the address to hold the query", () => page.url().includes("#query=OfficeActivity%20%7C%20take%2050"));
  await becomes(() => page.getByRole("tablist", { name: "Queries" }).getByRole("tab").count(), 1);
  await coloured();
  await becomes(() => page.evaluate(() => ((main) => main.scrollHeight - main.clientHeight)(document.getElementById("main"))), 0, "the grid ends where the page does");
  await screenshot(page, "logs");

  await grid().getByRole("row").nth(2).dblclick();
  const details = page.getByRole("complementary", { name: "Row details" });
  await details.getByText("TimeGenerated", { exact: true }).waitFor();
  await details.getByRole("button", { name: "Close" }).click();
  await becomes(() => details.count(), 0);
});

test("the grid sorts by a column and moves with the keyboard", async () => {
  await openQuery(page, "OfficeActivity | take 50");
  await grid().waitFor();
  const header = grid().getByRole("columnheader", { name: /Operation/ }).first();
  await header.getByRole("button").click();
  await becomes(() => header.getAttribute("aria-sort"), "ascending");
  await header.getByRole("button").click();
  await becomes(() => header.getAttribute("aria-sort"), "descending");
  await grid().focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  const place = await grid().getAttribute("aria-activedescendant");
  assert.match(place, /-1-1$/);
  await page.keyboard.press("Enter");
  await page.getByRole("complementary", { name: "Row details" }).waitFor();
});

cannedTest("what is under the pointer is explained", async () => {
  await openQuery(page, "OfficeActivity | summarize count() by Operation");
  await coloured();
  await page.locator(".view-lines span").filter({ hasText: /^count$/ }).last().hover();
  await page.locator(".monaco-hover:visible").getByText(/count/).first().waitFor();
});

cannedTest("times are those of UTC or of this computer, as one likes", async () => {
  await visit(page, "/assurance");
  const time = page.locator("main time").first();
  // The page is made anew when it is opened again, and so is the time on it.
  const isIn = async (timeZone) => {
    const at = Date.parse(await time.getAttribute("datetime"));
    return (await time.innerText()) === new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone }).format(at);
  };
  await until("the time in UTC", () => isIn("UTC"));
  await page.getByRole("button", { name: "UTC", exact: true }).click();
  await until("the time of this computer", () => isIn("Australia/Hobart"));
  await page.reload();
  await until("the choice to be kept", () => isIn("Australia/Hobart"));
  await page.getByRole("button", { name: "Local time", exact: true }).click();
  await until("the time in UTC again", () => isIn("UTC"));
});

test("a dynamic value opens as a tree", async () => {
  await openQuery(page, canned ? "every type" : "UnifiedAuditLog | project TimeGenerated, Record | take 5");
  await grid().waitFor();
  await grid().getByRole("row").nth(1).dblclick();
  const tree = page.getByRole("complementary", { name: "Row details" }).getByRole("tree").first();
  await tree.waitFor();
  await becomes(async () => (await tree.getByRole("treeitem").count()) > 2, true);
  await screenshot(page, "logs-row");
});

test("each table of a query that gives several has a tab", async () => {
  await openQuery(page, "OfficeActivity | fork First = (take 3) Operations = (summarize Events = count() by Operation)");
  const tabs = page.getByRole("tablist", { name: "Tables of the result" });
  await tabs.getByRole("tab", { name: "Operations" }).click();
  await grid().getByRole("columnheader", { name: /Events/ }).waitFor();
  await tabs.getByRole("tab", { name: "First" }).click();
  await grid().getByRole("columnheader", { name: /TimeGenerated/ }).waitFor();
});

test("render draws a chart, and its kind can be changed", async () => {
  await openQuery(page, "OfficeActivity\n| summarize Events = count() by bin(TimeGenerated, 1h), OfficeWorkload\n| render timechart");
  const chart = page.locator(".chart-canvas");
  await chart.locator("canvas").first().waitFor();
  assert.ok(Number(await chart.getAttribute("data-series")) >= 1);
  await until("something to be drawn", () => drawn(chart));
  await coloured();
  await screenshot(page, "logs-chart");
  await page.getByLabel("Kind of chart").selectOption("areachart");
  await until("the area chart to be drawn", () => drawn(page.locator(".chart-canvas")));
  await page.getByRole("tab", { name: "Results" }).click();
  await grid().waitFor();

  // One result that has what each kind wants.
  await openQuery(page, "OfficeActivity | summarize Begin = min(TimeGenerated), End = max(TimeGenerated), Events = count() by UserId, Operation | top 12 by Events | project UserId, Operation, Begin, End, Events | render ladderchart");
  await until("the ladder to be drawn", () => drawn(page.locator('.chart-canvas[data-kind="ladderchart"]')));
  const kinds = page.getByLabel("Kind of chart");
  for (const kind of (await kinds.locator("option").evaluateAll((all) => all.map((o) => o.value))).filter((k) => !["card", "plotly"].includes(k))) {
    await kinds.selectOption(kind);
    await until(`${kind} to be drawn`, () => drawn(page.locator(`.chart-canvas[data-kind="${kind}"]`)));
  }
  await kinds.selectOption("card");
  await becomes(() => page.getByTestId("cards").locator(".card").count(), 5);
  await kinds.selectOption("plotly");
  await page.getByText("The first cell holds no figure of plotly", { exact: false }).waitFor();
  await openQuery(page, `print plotly = '{"data":[{"type":"bar","x":["a","b"],"y":[1,2]}]}' | render plotly`);
  await until("the figure to be drawn", () => drawn(page.locator(".chart-canvas")));
});

/** Whether a chart's canvas holds more than its ground. */
async function drawn(chart) {
  const canvas = chart.locator("canvas").first();
  if ((await canvas.count()) === 0) return false;
  return canvas.evaluate((c) => {
    const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
    let inked = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] > 0) inked++;
    return inked > 500;
  });
}

test("a mistake is underlined where it is, and told in words", async () => {
  await openQuery(page, "OfficeActivity\n| where NoSuchColumn == 1\n| take 10");
  const mistakes = page.locator(".mistakes");
  await mistakes.getByText("NoSuchColumn", { exact: false }).first().waitFor();
  await schemaReady();
  await page.locator(".squiggly-error").first().waitFor();
  await coloured();
  await becomes(() => mistakes.locator(".mistake-place").first().innerText(), /Line 2, column 9/);
  await mistakes.getByRole("button").first().click();
  await screenshot(page, "logs-mistake");
});

test("queries live in tabs that survive a reload", async () => {
  await visit(page, "/logs");
  const tabs = page.getByRole("tablist", { name: "Queries" }).getByRole("tab");
  await tabs.first().waitFor();
  const before = await tabs.count();
  await page.getByRole("button", { name: "New query" }).click();
  await editor().click();
  await page.keyboard.type("// Kept");
  await until("the address to follow", () => page.url().includes("Kept"));
  await page.keyboard.type(" for later "); // the reload comes before the address has followed again
  await until("the tab to be named", async () => (await tabs.allInnerTexts()).includes("Kept for later"));
  await page.reload();
  await until("the tabs to come back", async () => (await tabs.count()) === before + 1);
  await tabs.filter({ hasText: "Kept for later" }).press("Delete");
  await becomes(() => tabs.count(), before);
});

test("the time range is chosen, and goes into the link", async () => {
  await openQuery(page, "OfficeActivity | take 5", "PT4H");
  const picker = page.getByRole("button", { name: /^Time range/ });
  await picker.waitFor();
  await becomes(() => picker.getAttribute("aria-label"), /Last 4 hours/);
  await picker.click();
  await page.getByRole("button", { name: "Last 3 days" }).click();
  await until("the link to change", () => page.url().includes("range=P3D"));
});

test("an editor that arrives late leaves an open menu open", async () => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const editorScript = /\/assets\/Editor-[^/]*\.js$/;
  await page.route(editorScript, async (route) => {
    await held;
    await route.continue();
  });
  await loadQuery(page, "OfficeActivity | take 5", "PT4H");
  await page.getByRole("button", { name: /^Time range/ }).click();
  const choice = page.getByRole("button", { name: "Last 3 days" });
  await choice.waitFor();
  release();
  await coloured();
  await choice.click();
  await until("the link to change", () => page.url().includes("range=P3D"));
  await page.unroute(editorScript);
});

test("a sample is run from the panel", async () => {
  await visit(page, "/logs");
  const panel = page.getByRole("complementary", { name: "Tables and samples" });
  await panel.getByRole("tab", { name: "Samples" }).click();
  await panel.getByRole("button", { name: "Messages by what became of them" }).click();
  await until("the pie to be drawn", () => drawn(page.locator(".chart-canvas")));
  await panel.getByRole("tab", { name: "Tables" }).click();
  await panel.getByRole("searchbox").fill("ClientIP");
  await panel.getByRole("button", { name: "ClientIP" }).first().waitFor();
  await panel.getByRole("searchbox").fill("");
});

// A query that does not end is to be had canned only.

cannedTest("a running query can be cancelled", async () => {
  await openQuery(page, "slow");
  await page.getByRole("button", { name: "Cancel" }).first().click();
  await page.getByRole("heading", { name: "Cancelled" }).waitFor();
});

test("an incident is found, read, and worked on", async () => {
  await visit(page, "/incidents");
  // Alerts of Quoll about itself are of nobody, and have no entities.
  const rows = page.locator("table.queue tbody tr").filter({ has: page.locator(".chip") });
  await until("an incident", async () => {
    if ((await rows.count()) > 0) return true;
    const clear = page.getByRole("button", { name: "Clear the filters" });
    if (await clear.count()) await clear.click();
    return false;
  });
  await screenshot(page, "incidents");
  if (canned) {
    await page.getByRole("searchbox").fill("mara.lindqvist");
    await until("the search to narrow the queue", async () => (await rows.count()) === 1);
  }
  // On the demo the one with the most to tell.
  await (canned ? rows : rows.filter({ hasText: "High" })).first().getByRole("link").first().click();
  await page.getByRole("tab", { name: "Story" }).waitFor();
  await until("a story", async () => (await page.locator(".timeline-entry").count()) > 0);
  await screenshot(page, "incident");

  await page.getByLabel("Status").selectOption("Active");
  await page.getByLabel("Owner").fill("e2e.tester");
  await page.getByRole("button", { name: "Save" }).click();
  await until("the owner to be noted in the story", async () => (await page.locator(".timeline").innerText()).includes("e2e.tester"));
  await page.getByLabel("Comment").fill("Reset the password and removed the rule.");
  await page.getByRole("button", { name: "Add comment" }).click();
  await page.locator(".timeline-comment").getByText("Reset the password and removed the rule.").last().waitFor();

  await page.getByLabel("Status").selectOption("Closed");
  if ((await page.getByLabel("Classification").inputValue()) === "") {
    await becomes(() => page.getByRole("button", { name: "Save" }).isDisabled(), true, "closing wants a classification");
  }
});

test("an incident has tasks, a register with clocks, and pages of its entities", async () => {
  await page.getByLabel("New task").fill("Reset the sessions");
  await page.getByRole("button", { name: "Add task" }).click();
  const task = page.getByRole("checkbox", { name: "Reset the sessions" });
  // It is marked once the server has kept that.
  await task.click();
  await until("the task to be done", () => task.isChecked());
  await page.getByRole("tab", { name: "Register" }).click();
  const register = page.getByRole("region", { name: "Register" });
  await register.getByLabel("What happened").fill("A mailbox was taken over.");
  await register.getByRole("button", { name: "Save register" }).click();
  await register.getByRole("button", { name: "CISO was told" }).click();
  await register.getByText(/told after/).waitFor();
  await register.getByRole("button", { name: "Write the report" }).click();
  await register.getByText(/Cyber security incident \d+/).waitFor();
  await page.getByRole("tab", { name: /^Entities/ }).click();
  await page.locator(".entity-list a").first().click();
  await page.getByRole("region", { name: "Seen" }).getByText("First seen").first().waitFor();
  await page.goBack();
  await page.getByRole("tab", { name: "Story" }).waitFor();
});

test("evidence of an alert is shown and opens in Logs", async () => {
  await page.getByRole("tab", { name: /^Alerts/ }).click();
  const evidence = page.getByRole("grid", { name: "Evidence" });
  await evidence.first().waitFor();
  await becomes(async () => (await evidence.first().getByRole("row").count()) > 1, true);
  await screenshot(page, "incident-evidence");
  await page.getByRole("tab", { name: /^Entities/ }).click();
  await becomes(async () => (await page.locator(".entity-list li").count()) > 0, true);
  await page.getByRole("tab", { name: /^Alerts/ }).click();
  await page.getByRole("button", { name: "Open in Logs" }).first().click();
  await page.waitForURL("**/logs#query=*");
  await until("the rule's query to have run", async () => (await page.getByTestId("cost").count()) > 0);
});

test("connectors tell what arrives and what is kept", async () => {
  await visit(page, "/connectors");
  const first = page.locator(".connector-group tbody tr").first();
  await first.waitFor();
  await until("a connector that took something", async () => {
    const totals = await page.locator(".connector-group tbody tr:not(.connector-error) td:nth-child(8)").allInnerTexts();
    return totals.some((t) => Number(t.replaceAll(",", "")) > 0);
  });
  for (const store of ["Journal", "Tables", "Archive"]) await page.getByRole("region", { name: store }).first().waitFor();
  await screenshot(page, "connectors");
  if (canned) await page.getByText("Microsoft limits how many requests", { exact: false }).waitFor();
  if (canned) await page.getByText("ends in 12 days", { exact: false }).waitFor();
  const messages = page.getByRole("region", { name: "Whether messages are there" });
  if (canned) await messages.getByRole("row", { name: /EmailPostDeliveryEvents\s+88\s+92\.04%\s+0\s+0\s+7/ }).waitFor();
  if (canned) {
    const dead = page.getByRole("region", { name: "Defender XDR streaming to Event Hubs" });
    await dead.getByText("not known yet").waitFor();
    await dead.getByText("The namespace cannot be reached.").waitFor();
  }
});

test("the calendar tells whether everything arrived, from weeks to hours", async () => {
  await visit(page, "/connectors");
  const calendar = page.getByRole("region", { name: "Whether everything arrived" });
  const cells = calendar.getByRole("gridcell");
  await cells.first().waitFor();
  await until("an hour that is complete", async () => (await calendar.locator("td.gap-complete").count()) > 0);
  assert.equal((await cells.count()) % 48, 0);
  await calendar.locator("td.gap-complete").last().hover();
  await calendar.getByRole("tooltip").getByText(/of [\d,]+ blobs kept/).waitFor();
  if (canned) {
    await becomes(() => calendar.locator("td.gap-lost").last().getAttribute("aria-label"), /Audit\.Exchange, .* UTC: Lost\. .* 1 lost/);
    await becomes(() => calendar.locator("td.gap-lost").last().innerText(), "X");
  }

  // With the keyboard alone: into the grid, along a row, closer and back.
  await calendar.getByRole("radio", { name: "Weeks" }).click();
  await until("weeks", async () => (await cells.count()) % 52 === 0);
  await calendar.getByRole("radio", { name: "Days" }).click();
  await until("days", async () => (await cells.count()) % 35 === 0);
  await until("a day of which something is known", async () => (await calendar.locator("td.gap:not(.gap-none)").count()) > 0);
  await calendar.locator('td[tabindex="0"]').focus();
  // Which cell it is; what is in it may become known meanwhile.
  const label = async () => (await page.evaluate(() => document.activeElement.getAttribute("aria-label"))).split(":")[0];
  const last = await label();
  await page.keyboard.press("ArrowLeft");
  assert.notEqual(await label(), last);
  await calendar.getByRole("tooltip").waitFor();
  await page.keyboard.press("ArrowRight");
  assert.equal(await label(), last);
  await page.keyboard.press("Enter");
  await until("the hours of the day", async () => (await calendar.getByRole("radio", { name: "Hours" }).getAttribute("aria-checked")) === "true");

  await calendar.getByRole("button", { name: "Earlier" }).click();
  await calendar.getByRole("button", { name: "Later" }).click();
  await until("the present again", async () => calendar.getByRole("button", { name: "Later" }).isDisabled());
  await until("its hours", async () => (await calendar.locator("td.gap-complete").count()) > 0);
  await calendar.evaluate((element) => element.scrollIntoView({ block: "center" }));
  await screenshot(page, "gaps", calendar.locator(canned ? "td.gap-lost" : "td.gap-complete").last());
});

test("dark colours hold on every page", async () => {
  await page.getByRole("button", { name: "Dark colours" }).click();
  await screenshot(page, "connectors-dark");
  await page.getByRole("region", { name: "Whether everything arrived" }).evaluate((element) => element.scrollIntoView({ block: "center" }));
  await screenshot(page, "gaps-dark");
  await visit(page, "/incidents");
  await page.getByRole("heading", { name: "Incidents" }).waitFor();
  await page.locator(".loading-rows").waitFor({ state: "detached" });
  await screenshot(page, "incidents-dark");
  await page.locator("table.queue tbody tr").filter({ hasText: "High" }).locator("a").or(page.locator(".state-view button")).first().click();
  await screenshot(page, "incident-dark");
  await openQuery(page, "OfficeActivity\n| summarize Events = count() by bin(TimeGenerated, 1h), OfficeWorkload\n| render timechart");
  await until("the chart to be drawn", () => drawn(page.locator(".chart-canvas")));
  await coloured();
  await screenshot(page, "logs-dark");
  await page.getByRole("button", { name: "Light colours" }).click();
});

// Whoever looks at the demo sees what is true of it. By now every rule has run.
test("the demo raises the alerts of its compromise and no others", async () => {
  if (canned) return;
  const list = await (await page.request.get("/api/v1/incidents")).json();
  const names = new Set();
  for (const { id } of list.incidents) {
    const detail = await (await page.request.get(`/api/v1/incidents/${id}`)).json();
    for (const alert of detail.alerts) names.add(alert.name);
  }
  assert.deepEqual([...names].sort(), [
    "Inbox rule hides, deletes or forwards mail",
    "Link clicked in a message that was judged phishing or malware",
    "Mail about payment details sent soon after the sender's mailbox was set to hide or forward mail",
    "Mailbox forwards to an address outside the organisation",
    "Mailbox rule or forwarding set from an address the user never signed in from before",
    "Many messages read from an address the mailbox was never read from before",
    "Phish was removed after it lay in mailboxes for hours",
  ]);
});

test("a page that does not exist says so", async () => {
  await visit(page, "/nowhere");
  await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  await visit(page, "/incidents/no-such-incident");
  await page.getByRole("heading", { name: "Not found" }).waitFor();
});

test("nothing was asked of another machine, and nothing broke", () => {
  const outside = requests.filter((url) => !url.startsWith(base) && !/^(about|blob|data):/.test(url));
  assert.deepEqual(outside, []);
  // The browser itself writes a line for every answer of 400 and above; the
  // mistakes and the missing incident above are such.
  const unexpected = troubles.filter((t) => !/Failed to load resource: the server responded with a status of (400|404)/.test(t));
  assert.deepEqual(unexpected, []);
});

test("the first page needs little script", async () => {
  const { browser: fresh, page: first } = await openBrowser(base, { storageState: await context.storageState() });
  try {
    // As the page itself measures it: the events of what is loaded ahead tell no size.
    const measure = () => first.evaluate(() => performance.getEntriesByType("resource").filter((r) => r.name.endsWith(".js")).reduce((sum, r) => sum + r.encodedBodySize, 0));
    let bytes = 0;
    await first.goto("/incidents");
    await first.getByRole("heading", { name: "Incidents" }).waitFor({ timeout: patience });
    // Not until the network rests: the stream of what changes never does.
    await first.locator("table.queue tbody tr, .state-view").first().waitFor({ timeout: patience });
    for (let seen = -1; seen !== bytes; await first.waitForTimeout(1500)) [seen, bytes] = [bytes, await measure()];
    console.log(`script before the editor: ${Math.round(bytes / 1024)} KB compressed`);
    assert.ok(bytes > 100 * 1024 && bytes < 400 * 1024, `${bytes} bytes of script`);
  } finally {
    await fresh.close();
  }
});
