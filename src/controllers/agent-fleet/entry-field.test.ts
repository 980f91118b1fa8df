import { describe, expect, it } from "vitest";
import { inManifest } from "./entry-field.ts";

const named = (...names: readonly string[]) => names.map((name) => ({ name, value: "1" }));
const placeOf = (field: string, own: object, defaults: object, merged: object = {}) =>
  inManifest({ field, message: "is wrong" }, { name: "x", own, defaults, merged }).field;

describe("a problem of a merged entry stands, in the fleet's manifest, at (F5)", () => {
  it.each<[string, string, object, object, string]>([
    ["the entry's field", "spec.schedule", { schedule: "x" }, {}, "spec.agents[name=x].schedule"],
    [
      "the entry's, which replaces the defaults'",
      "spec.model",
      { model: "a" },
      { model: "b" },
      "spec.agents[name=x].model",
    ],
    ["the defaults' field", "spec.command", {}, { command: [] }, "spec.defaults.command"],
    ["the entry where the field is nowhere", "spec.command", {}, { tool: "text" }, "spec.agents[name=x].command"],
    [
      "the defaults where what holds the missing field is theirs",
      "spec.workspace.git.url",
      {},
      { workspace: { git: { ref: "main" } } },
      "spec.defaults.workspace.git.url",
    ],
    [
      "a quantity whose key has dots",
      "spec.resources.limits.nvidia.com/gpu",
      { resources: { limits: { "nvidia.com/gpu": "x" } } },
      {},
      "spec.agents[name=x].resources.limits.nvidia.com/gpu",
    ],
    [
      "an item of the entry's nameless list",
      "spec.args[1]",
      { args: ["a", 1] },
      { args: ["b", "c"] },
      "spec.agents[name=x].args[1]",
    ],
    ["an item of the defaults' nameless list", "spec.args[1]", {}, { args: ["b", 1] }, "spec.defaults.args[1]"],
  ])("%s: %s", (_, field, own, defaults, expected) => {
    expect(placeOf(field, own, defaults)).toBe(expected);
  });

  it("an item of a list by its name, which stands elsewhere in the merged one", () => {
    const [own, defaults, merged] = [{ env: named("B") }, { env: named("A") }, { env: named("A", "B") }];
    expect(placeOf("spec.env[1].value", own, defaults, merged)).toBe("spec.agents[name=x].env[name=B].value");
    expect(placeOf("spec.env[0].value", own, defaults, merged)).toBe("spec.defaults.env[name=A].value");
  });

  it("both where what is wrong was made of both", () => {
    expect(placeOf("spec.env", { env: named("B") }, { env: named("A") })).toBe(
      "spec.agents[name=x].env, merged with spec.defaults.env",
    );
  });

  it("the same place within the API server's words", () => {
    const problem = { field: "spec.tool", message: 'Invalid value: "x": spec.tool in body should match' };
    expect(inManifest(problem, { name: "x", own: {}, defaults: { tool: "x" }, merged: {} }).message).toBe(
      'Invalid value: "x": spec.defaults.tool in body should match',
    );
  });
});
