import { expect, it } from "vitest";
import { chartMemoryLimit } from "../chart.ts";

it("the memory limit is read from the chart's values", () => {
  expect(chartMemoryLimit("resources: { limits: { memory: 64Mi } }")).toBe(67_108_864);
  expect(() => chartMemoryLimit("resources: { limits: { memory: 1G } }")).toThrow("memory");
  expect(chartMemoryLimit()).toBeGreaterThan(0);
});
