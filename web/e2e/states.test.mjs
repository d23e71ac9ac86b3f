// Every page while it loads, with nothing, with a failure, and without permission:
// each says what is the matter, and none breaks.
import assert from "node:assert/strict";
import { becomes, cannedTest, enterCanned, openQuery, visit } from "./harness.mjs";

const { page, troubles } = await enterCanned();

const pages = [
  "/", "/incidents", "/incidents/inc-0007", "/entities/Account/mara.lindqvist%40wattleworks.example", "/hunting", "/rules", "/automation", "/dashboards", "/dashboards/exchange", "/connectors", "/archive", "/assurance",
  "/settings/people", "/settings/tokens", "/settings/notifications", "/settings/watchlists",
  "/logs", "/settings/functions", "/settings/indicators", "/settings/exceptions", "/settings/retention", "/investigations",
];

/** Answers everything but who is signed in, and visits each page. */
async function visitAll(answer, look, paths = pages) {
  await page.route(/\/api\/v1\/(?!session|sign-in)/, answer);
  await page.route(/\/assets\/Editor-/, () => {}); // megabytes, and none of these states
  try {
    for (const path of paths) {
      await visit(page, path);
      await look(path);
      await becomes(() => page.getByText("Something broke").count(), 0, path);
    }
  } finally {
    await page.unrouteAll({ behavior: "ignoreErrors" });
  }
}

const json = (status, body) => (route) => route.fulfill({ status, contentType: "application/json", body: JSON.stringify(body) });
const main = () => page.locator("#main");

cannedTest("pages say that they load", () =>
  visitAll(() => {}, async (path) => {
    await main().locator(".loading-rows, .fui-Spinner, .fui-Skeleton, [aria-busy=true]").first().waitFor().catch((e) => assert.fail(`${path}: ${e.message}`));
  }));

cannedTest("pages say why they fail, and offer another attempt", () =>
  visitAll(json(500, { error: { code: "internal", message: "Something failed inside Quoll.", requestId: "0123456789abcdef" } }), async (path) => {
    await main().getByText("Something failed inside Quoll.").first().waitFor().catch((e) => assert.fail(`${path}: ${e.message}`));
    await becomes(async () => (await main().getByRole("button", { name: "Try again" }).count()) > 0, true, path);
  }));

cannedTest("pages say that something is not allowed", () =>
  visitAll(json(403, { error: { code: "forbidden", message: "that takes the role Administrator; yours is Reader" } }), async (path) => {
    await main().getByText("that takes the role Administrator", { exact: false }).first().waitFor().catch((e) => assert.fail(`${path}: ${e.message}`));
  }));

/** Asks in Logs, and waits for a text in what becomes of it. */
async function asked(query, answer, wanted) {
  await page.route("**/api/v1/query", answer);
  await openQuery(page, query);
  await page.locator(".results").getByText(wanted, { exact: false }).first().waitFor();
  await page.unroute("**/api/v1/query");
}

cannedTest("a query says that it runs, why it fails, what is not allowed, and that there is nothing", async () => {
  await page.route(/\/assets\/Editor-/, () => {});
  await asked("OfficeActivity // 1", () => {}, "Running");
  await becomes(() => page.locator(".results").getAttribute("aria-busy"), "true");
  await page.locator(".results").getByRole("button", { name: "Cancel" }).click();
  await page.locator(".results").getByText("Cancelled").waitFor();
  await asked("OfficeActivity // 2", json(500, { error: { code: "internal", message: "Something failed inside Quoll.", requestId: "0123456789abcdef" } }), "0123456789abcdef");
  await page.locator(".results").getByRole("button", { name: "Try again" }).click();
  await page.getByRole("grid", { name: "Results" }).waitFor();
  await asked("OfficeActivity // 3", json(403, { error: { code: "forbidden", message: "that takes the role Reader" } }), "that takes the role Reader");
  await asked("OfficeActivity // 4", json(200, { columns: [{ name: "Count", type: "long" }], rows: [], visualization: null, statistics: { elapsedMilliseconds: 1, rowsReturned: 0 } }), "Nothing matches in this time range");
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

cannedTest("the account says what it has no password for, that one is being set, and why it was not", async () => {
  await visit(page, "/account");
  await main().getByRole("heading", { name: "No password here" }).waitFor();
  await page.route("**/api/v1/session", json(200, { name: "ines.okafor", role: "Reader", by: "session", passwordSet: true }));
  await page.goto("/account");
  const set = async (answer) => {
    await page.route("**/api/v1/session/password", answer);
    await main().getByLabel("New password", { exact: true }).fill("correct horse battery");
    await main().getByLabel("New password, again").fill("correct horse battery");
    await main().getByRole("button", { name: "Set password" }).click();
  };
  await set(json(500, { error: { code: "internal", message: "Something failed inside Quoll." } }));
  await main().getByText("Something failed inside Quoll.").waitFor();
  await set(json(403, { error: { code: "forbidden", message: "the present password is wrong" } }));
  await main().getByText("the present password is wrong").waitFor();
  await set(() => {});
  await main().locator("form[aria-busy=true]").waitFor();
  await becomes(() => main().getByRole("button", { name: "Set password" }).isDisabled(), true);
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

const empty = {
  "/schema": { database: "quoll", tables: [], functions: [] }, "/incidents": { incidents: [], total: 0 }, "/connectors": { now: new Date().toISOString(), connectors: [] }, "/rules": { rules: [] }, "/automation": { rules: [] }, "/notes": { notes: [] },
  "/dashboards": { dashboards: [] }, "/tokens": { tokens: [] }, "/notifications": { targets: [], deliveries: [] }, "/watchlists": { watchlists: [] },
  "/functions": { functions: [] }, "/indicators": { indicators: [], unmatched: 0 }, "/exceptions": { exceptions: [] }, "/investigations": { investigations: [] },
  "/retention": { now: new Date().toISOString(), rules: [], tables: [], holds: [], lastRun: null, nextRun: null },
};

cannedTest("pages say that there is nothing, and what to do about it", () =>
  visitAll(
    (route) => {
      const body = empty[new URL(route.request().url()).pathname.slice("/api/v1".length)];
      return body ? json(200, body)(route) : route.continue();
    },
    async (path) => {
      await (path === "/logs" ? main().getByText("There is no table yet") : main().locator(".state-view h2").first()).waitFor().catch((e) => assert.fail(`${path}: ${e.message}`));
    },
    ["/logs", "/incidents", "/rules", "/automation", "/dashboards", "/connectors", "/settings/tokens", "/settings/notifications", "/settings/watchlists", "/settings/functions", "/settings/indicators", "/settings/exceptions", "/settings/retention", "/investigations", "/settings/nothing", "/nowhere"],
  ));

cannedTest("nothing broke", () => {
  assert.deepEqual(troubles.filter((t) => t.startsWith("page error")), []);
});
