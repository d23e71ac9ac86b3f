import { expect, test } from "vitest";
import { emptyTenant, requestOf, worstOf } from "./tenantForm";

test("a form is sent once it is whole, with one credential", () => {
  const form = { ...emptyTenant, tenantId: " t ", clientId: "c", certificateFile: "/etc/quoll.pem" };
  expect(requestOf(form)).toBeUndefined();
  expect(requestOf({ ...form, secret: "s" })).toEqual({ tenantId: "t", clientId: "c", cloud: "commercial", secret: "s" });
  expect(requestOf({ ...form, secret: "s", by: "certificate" })).toEqual({ tenantId: "t", clientId: "c", cloud: "commercial", certificateFile: "/etc/quoll.pem" });
});

test("the worst finding decides", () => {
  const of = (...severities: ("ok" | "note" | "warning" | "blocking")[]) => worstOf(severities.map((severity) => ({ check: "c", severity, found: "f" })));
  expect(of()).toBe("ok");
  expect(of("ok", "blocking", "warning")).toBe("blocking");
});
