import { describe, expect, it } from "vitest";
import { safetyFleets } from "../bench/objects.ts";

describe("fleets of a bench", () => {
  it.each([
    [1000, 10, [100]],
    [33, 2, [16, 17]],
    [7, 3, [2, 3]],
    [0, 0, []],
  ])("hold %i agents in %i fleets, none much larger than another", (agents, count, sizes) => {
    const filled = safetyFleets("default", count, agents).map(({ spec }) => spec.agents?.length ?? 0);
    expect(filled.reduce((sum, size) => sum + size, 0)).toBe(agents);
    expect([...new Set(filled)].toSorted((a, b) => a - b)).toEqual(sizes);
  });
});
