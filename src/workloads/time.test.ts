import { expect, it } from "vitest";
import { fromInstant, toInstant } from "./time.ts";

it("writes times as Kubernetes does, in whole seconds and never later than they were", () => {
  expect(fromInstant(Date.UTC(2026, 2, 1, 12, 0, 0, 999))).toBe("2026-03-01T12:00:00Z");
});

it.each([
  ["2026-03-01T12:00:00Z", Date.UTC(2026, 2, 1, 12)],
  ["2026-03-01T13:00:00.250+01:00", Date.UTC(2026, 2, 1, 12, 0, 0, 250)],
])("reads %s", (text, instant) => {
  expect(toInstant(text)).toBe(instant);
});
