// What all pages share: their names, the way back, where the keyboard is, a narrow
// window, and texts that attackers write.
import assert from "node:assert/strict";
import { becomes, cannedTest, enterCanned, openQuery, until, visit } from "./harness.mjs";

const { page, context } = await enterCanned();

const title = () => page.title();
const main = () => page.locator("#main");
const queue = () => page.locator("table.queue tbody tr");

cannedTest("the browser's tab and history name the page", async () => {
  await page.goto("/incidents");
  await becomes(title, "Incidents · Quoll");
  await page.getByRole("link", { name: /Business e-mail compromise/ }).click();
  await becomes(title, /^#7 Business e-mail compromise.* · Quoll$/);
  await visit(page, "/logs");
  await becomes(title, "Logs · Quoll");
  await visit(page, "/settings/watchlists");
  await becomes(title, "Watchlists · Quoll");
  await visit(page, "/entities/Account/mara.lindqvist%40wattleworks.example");
  await becomes(title, "mara.lindqvist@wattleworks.example · Quoll");
});

cannedTest("the way back leads to the row one came from, and the head of a long table stays", async () => {
  await page.setViewportSize({ width: 1280, height: 300 });
  await page.goto("/rules");
  await page.locator("table.rules tbody tr").first().waitFor();
  await page.getByRole("link", { name: "Incidents", exact: false }).first().click();
  await queue().first().waitFor();
  await main().hover();
  await page.mouse.wheel(0, 200);
  const top = () => main().evaluate((element) => Math.round(element.scrollTop));
  await until("the queue to have moved", async () => (await top()) > 150);
  const before = await top();
  const head = page.locator("table.queue thead th").nth(1);
  await becomes(async () => Math.round((await head.boundingBox()).y), 44, "the head stays below the frame");
  await queue().last().getByRole("link").first().click();
  await page.getByRole("tab", { name: "Story" }).waitFor();
  await becomes(top, 0);
  await becomes(() => page.evaluate(() => document.activeElement.id), "main", "what had the focus is gone");
  await page.goBack();
  await queue().first().waitFor();
  await becomes(top, before);
  await page.setViewportSize({ width: 1440, height: 900 });
});

cannedTest("an alert leads to its rule, which opens beside the list, or over it", async () => {
  await visit(page, "/rules");
  await page.getByRole("button", { name: "Mailbox forwards outside" }).click();
  await until("the address to hold it", () => page.url().includes("#rule="));
  const link = new URL(page.url());
  await page.setViewportSize({ width: 1024, height: 700 });
  await visit(page, "/");
  await visit(page, link.pathname + link.hash);
  const panel = page.getByRole("complementary", { name: "Mailbox forwards outside" });
  await panel.waitFor();
  await until("it to be in sight", () => panel.evaluate((element) => element.getBoundingClientRect().top < 100));
  await panel.getByRole("button", { name: "Close" }).focus();
  await page.keyboard.press("Escape");
  await becomes(() => panel.count(), 0);
  await becomes(() => page.evaluate(() => document.activeElement.textContent), "Mailbox forwards outside");
  await page.setViewportSize({ width: 1440, height: 900 });
  await visit(page, "/incidents/inc-0007");
  await page.getByRole("tab", { name: /Alerts/ }).click();
  await becomes(() => page.locator(".alert-body dd a").first().getAttribute("href"), /^\/rules#rule=/);
});

const everywhere = [
  "/", "/logs", "/incidents", "/incidents/inc-0007", "/entities/Account/mara.lindqvist%40wattleworks.example", "/hunting", "/investigations", "/rules", "/automation", "/dashboards", "/dashboards/exchange",
  "/connectors", "/archive", "/assurance", "/account", "/settings/people", "/settings/tokens", "/settings/notifications", "/settings/watchlists", "/settings/functions", "/settings/indicators", "/settings/exceptions", "/settings/retention",
];

cannedTest("no page scrolls sideways on a phone, and its navigation has names", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  const wide = [];
  for (const path of everywhere) {
    await visit(page, path);
    await page.locator("#main h1, #main .logs").first().waitFor();
    await page.locator("#main .loading-rows").first().waitFor({ state: "detached" });
    const over = await page.evaluate(() => {
      const main = document.getElementById("main");
      // Also what stands out of its panel, and is cut or covers its edge.
      const out = [...main.querySelectorAll(".panel")].filter((panel) => [...panel.querySelectorAll("input, select, button, textarea")].some((field) => field.getBoundingClientRect().right > panel.getBoundingClientRect().right && !field.closest(".table-frame, .grid, .gaps-frame"))).length;
      return [document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth, out];
    });
    if (over.some((n) => n > 0)) wide.push(`${path}: ${over}`);
  }
  assert.deepEqual(wide, []);
  const nav = page.getByRole("navigation", { name: "Main" });
  for (const name of ["Overview", "Logs", "Hunting", "Settings"]) await becomes(() => nav.getByRole("link", { name }).count(), 1, name);
  await until("the section that is shown to be in sight", () => page.locator('.settings-nav a[aria-current="page"]').evaluate((a) => a.getBoundingClientRect().right <= innerWidth));
});

cannedTest("tables and samples are there in a narrow window, over the editor, until one is taken", async () => {
  await visit(page, "/logs");
  const panel = page.getByRole("complementary", { name: "Tables and samples" });
  await becomes(() => panel.count(), 0);
  await page.getByRole("button", { name: "Show tables and samples" }).click();
  await panel.getByRole("tab", { name: "Samples" }).click();
  await page.keyboard.press("Escape");
  await becomes(() => panel.count(), 0);
  await page.getByRole("button", { name: "Show tables and samples" }).click();
  await panel.getByRole("tab", { name: "Samples" }).click();
  await panel.getByRole("button", { name: "What arrives, by service" }).click();
  await page.getByRole("grid", { name: "Results" }).waitFor();
  await becomes(() => panel.count(), 0);
  await page.setViewportSize({ width: 1024, height: 768 });
  const hide = panel.getByRole("button", { name: "Hide tables and samples" });
  await until("the button of the panel to be in it", async () => {
    const [button, frame] = [await hide.boundingBox(), await panel.boundingBox()];
    return button.x + button.width <= frame.x + frame.width;
  });
  await page.setViewportSize({ width: 1440, height: 900 });
});

cannedTest("what is copied is copied on a plain address, too, and it is said", async () => {
  await openQuery(page, "OfficeActivity | take 50");
  await page.getByRole("grid", { name: "Results" }).waitFor();
  // A browser gives no clipboard to a page that came over HTTP from another machine.
  await page.evaluate(() => {
    Object.defineProperty(navigator, "clipboard", { value: undefined, configurable: true });
    document.addEventListener("copy", () => (globalThis.copiedText = document.activeElement.value), { capture: true });
  });
  await page.getByRole("button", { name: "Copy link" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  assert.match(await page.evaluate(() => globalThis.copiedText), /\/logs#query=OfficeActivity/);
  await page.getByRole("grid", { name: "Results" }).getByRole("row").nth(1).dblclick();
  const details = page.getByRole("complementary", { name: "Row details" });
  await details.getByRole("button", { name: "Copy OfficeWorkload" }).click();
  await details.getByRole("status").getByText("Copied", { exact: true }).waitFor();
  assert.equal(await page.evaluate(() => globalThis.copiedText), "Exchange");
  await details.getByRole("button", { name: "Close" }).click();
  await becomes(() => page.evaluate(() => document.activeElement.getAttribute("role")), "grid");
});

const json = (body) => (route) => route.fulfill({ status: 200, contentType: "application/json", body: JSON.stringify(body) });

cannedTest("what an attacker writes is text, reads as it is, and stays in its place", async () => {
  const hostile = `<img src=x onerror="globalThis.pwned=1"><script>globalThis.pwned=1</script> \u202Efdp.exe ${"w".repeat(3000)}`;
  const list = await (await page.request.get("/api/v1/incidents")).json();
  const detail = await (await page.request.get("/api/v1/incidents/inc-0007")).json();
  const entity = { kind: "Account", value: hostile, fields: { [hostile]: hostile } };
  const bad = { title: hostile, owner: hostile.slice(0, 200), entities: [entity, entity] };
  await page.route("**/api/v1/incidents?*", json({ ...list, incidents: list.incidents.map((i) => ({ ...i, ...bad })) }));
  await page.route("**/api/v1/incidents/inc-0007", json({
    ...detail, ...bad, description: hostile,
    timeline: detail.timeline.map((e) => ({ ...e, title: hostile, detail: hostile, actor: hostile, entities: [entity] })),
    alerts: detail.alerts.map((a) => ({ ...a, name: hostile, description: hostile, query: hostile, entities: [entity], evidence: { ...a.evidence, columns: [{ name: "Subject", type: "string" }, { name: "Raw", type: "dynamic" }], rows: [[hostile, { [hostile]: [hostile] }]] } })),
    tasks: [{ id: "t", title: hostile, done: false, by: hostile, created: detail.created }],
  }));
  const look = async (where) => {
    await until(`what cannot be seen to be told: ${where}`, async () => (await main().innerText()).includes("‹U+202E›fdp.exe"));
    const found = await page.evaluate(() => {
      const main = document.getElementById("main");
      const texts = [...main.querySelectorAll("*")].filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.includes("\u202E")));
      return { over: main.scrollWidth - main.clientWidth, pwned: globalThis.pwned, raw: texts.map((e) => `${e.localName}.${e.className}`) };
    });
    assert.deepEqual(found, { over: 0, pwned: undefined, raw: [] }, where);
  };
  for (const width of [1440, 390]) {
    await page.setViewportSize({ width, height: 844 });
    await visit(page, "/");
    await page.getByRole("region", { name: "What needs me now?" }).getByRole("listitem").first().waitFor();
    await look(`overview, ${width}`);
    await visit(page, "/incidents");
    await queue().first().waitFor();
    await look(`queue, ${width}`);
    await visit(page, "/incidents/inc-0007");
    await page.locator(".timeline-entry").first().waitFor();
    await look(`story, ${width}`);
    for (const tab of ["Alerts", "Entities", "Graph"]) {
      await page.getByRole("tab", { name: tab }).click();
      await look(`${tab}, ${width}`);
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.route("**/api/v1/query", json({ columns: [{ name: "Subject", type: "string" }, { name: "Raw", type: "dynamic" }], rows: [[hostile, { a: hostile }], [hostile, { [hostile]: 1 }]], visualization: null, statistics: { elapsedMilliseconds: 1, rowsReturned: 2 } }));
  await openQuery(page, "OfficeActivity // hostile");
  await page.getByRole("grid", { name: "Results" }).getByRole("row").nth(1).dblclick();
  await page.getByRole("complementary", { name: "Row details" }).waitFor();
  await look("logs");
  await page.unrouteAll({ behavior: "ignoreErrors" });
});
