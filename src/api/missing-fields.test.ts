import { describe, expect, it } from "vitest";
import { fieldsOf, missingFields } from "./missing-fields.ts";
import type { StructuralSchema } from "./structural.ts";

const string: StructuralSchema = { type: "string" };
const tool = (...names: readonly string[]): StructuralSchema => ({ type: "string", enum: names });
const object = (properties: Record<string, StructuralSchema>): StructuralSchema => ({ type: "object", properties });

const ours = object({
  tool: tool("claude", "gemini"),
  rollout: object({ maxUnavailablePercent: { type: "integer" } }),
  agents: { type: "array", items: object({ name: string, task: string }) },
  labels: { type: "object", additionalProperties: object({ value: string }) },
});

describe("fields that a served schema lacks", () => {
  it.each<readonly [string, unknown, readonly string[]]>([
    ["none of the same", ours, []],
    ["none of a newer one", object({ ...ours.properties, more: string }), []],
    ["a field", object({ ...ours.properties, rollout: object({}) }), ["spec.rollout.maxUnavailablePercent"]],
    [
      "a field of a list's entries",
      object({ ...ours.properties, agents: { type: "array", items: object({ name: string }) } }),
      ["spec.agents[].task"],
    ],
    [
      "a field of a map's values",
      object({ ...ours.properties, labels: { type: "object", additionalProperties: object({}) } }),
      ["spec.labels.*.value"],
    ],
    ["a value", object({ ...ours.properties, tool: tool("claude") }), ["spec.tool=gemini"]],
    ["none of one that keeps whatever comes", { "x-kubernetes-preserve-unknown-fields": true }, []],
    ["all of an empty one", object({}), ["spec.tool", "spec.rollout", "spec.agents", "spec.labels"]],
  ])("%s", (_, served, expected) => {
    expect(missingFields(fieldsOf(ours, "spec"), { properties: { spec: served } })).toEqual(expected);
  });

  it("are told from fields whose names begin alike", () => {
    const both = object({ task: string, taskRef: string });
    expect(missingFields(fieldsOf(both, "spec"), { properties: { spec: object({}) } })).toEqual([
      "spec.task",
      "spec.taskRef",
    ]);
  });
});
