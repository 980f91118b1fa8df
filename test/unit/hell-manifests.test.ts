import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAgent } from "../../src/api/v1alpha1/agent.ts";
import { parseAgentFleet } from "../../src/api/v1alpha1/agent-fleet.ts";
import { parseAgentRun } from "../../src/api/v1alpha1/agent-run.ts";
import { type HellManifest, manifests } from "../hell/manifests.ts";
import { faultOfRefusal, hasVerdict, mistakes } from "../hell/verdict.ts";

const parse = ({ kind, spec }: HellManifest) => {
  const raw = { metadata: { name: "any" }, spec };
  if (kind === "Agent") return parseAgent(raw);
  return kind === "AgentFleet" ? parseAgentFleet(raw) : parseAgentRun(raw);
};

describe("generated manifests", () => {
  it("are accepted when they are called valid, and never make the parser throw", () => {
    fc.assert(
      fc.property(manifests, (manifest) => {
        const { ok } = parse(manifest);
        if (manifest.temper === "valid") expect(ok).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("leave every object's prototype as it is", () => {
    fc.assert(
      fc.property(manifests, (manifest) => {
        parse(manifest);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

describe("the judgement of what becomes of a manifest", () => {
  it.each([
    ["names a cause's field", { code: 422, message: "invalid", fields: ["spec.layer"] }, true],
    ["names a field in its message", { code: 400, message: 'unknown field "spec.x"', fields: [] }, true],
    ["says that the whole is too large", { code: 413, message: "Request entity too large", fields: [] }, true],
    ["names nothing", { code: 422, message: "invalid", fields: [""] }, false],
    ["is the server's own failure", { code: 500, message: "spec: internal error", fields: ["spec"] }, false],
  ])("a refusal that %s", (_what, refusal, isFine) => {
    expect(faultOfRefusal(refusal) === undefined).toBe(isFine);
  });

  const ready = { type: "Ready", status: "False", reason: "Queued", message: "", lastTransitionTime: "" } as const;

  it.each([
    ["a reason for this generation", [{ ...ready, observedGeneration: 2 }], true],
    ["a reason for an earlier one", [{ ...ready, observedGeneration: 1 }], false],
    ["no reason", [{ ...ready, reason: "", observedGeneration: 2 }], false],
    ["no condition", [], false],
  ])("an agent with %s", (_what, conditions, speaks) => {
    expect(hasVerdict("Agent", { metadata: { generation: 2 }, status: { conditions } })).toBe(speaks);
  });

  it("tells a mistake of the operator from one of a manifest", () => {
    const lines = ["Reconciler error: TypeError: x is undefined", "cannot apply: spec.layer: Unsupported value"];
    expect(mistakes(lines)).toEqual(lines.slice(0, 1));
  });
});
