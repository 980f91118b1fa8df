import { describe, expect, it } from "vitest";
import { aFleet, anAgent, NOON, seenOf } from "../../../test/builders.ts";
import type { AgentSpec } from "../../api/v1alpha1/agent.ts";
import { type Nightwatch, nightwatchDefaults } from "../../api/v1alpha1/nightwatch.ts";
import { decide } from "./decide.ts";
import { nightwatchOf } from "./nightwatch.ts";

const thresholds = nightwatchDefaults.thresholds;
const fleetWith = (nightwatch: Partial<Nightwatch>) =>
  aFleet({ spec: { nightwatch: { ...nightwatchDefaults, ...nightwatch } } });
const agentWith = (nightwatch: NonNullable<AgentSpec["nightwatch"]>) => anAgent({ spec: { nightwatch } });

describe("how an agent is watched", () => {
  it("is by its own fields over its fleet's over the defaults, field by field", () => {
    const fleet = fleetWith({ minSamples: 20, thresholds: { ...thresholds, minorPercent: 5, moderatePercent: 25 } });
    const agent = agentWith({ minSamples: 3, thresholds: { minorPercent: 6 } });
    expect(nightwatchOf(fleet, agent)).toEqual({
      settings: {
        ...nightwatchDefaults,
        minSamples: 3,
        thresholds: { minorPercent: 6, moderatePercent: 25, severePercent: 40, criticalPercent: 70 },
      },
      problems: [],
    });
    expect(nightwatchOf(undefined, anAgent()).settings).toEqual(nightwatchDefaults);
  });

  it("is looked up again when its fleet's settings change", () => {
    const agent = anAgent();
    expect(nightwatchOf(fleetWith({ minSamples: 20 }), agent).settings.minSamples).toBe(20);
    expect(nightwatchOf(fleetWith({ minSamples: 30 }), agent).settings.minSamples).toBe(30);
  });

  it("is made once for all agents of a fleet that say nothing of their own", () => {
    const fleet = fleetWith({ minSamples: 20 });
    const [a, b] = ["a", "b"].map((name) => nightwatchOf(fleet, anAgent({ name })));
    expect(a).toBe(b);
    expect(nightwatchOf(fleet, agentWith({ minSamples: 3 }))).not.toBe(a);
    expect(nightwatchOf(undefined, anAgent())).not.toBe(a);
  });

  it("is nobody's guess where the two clash: Stalled, InvalidSpec, and the field is named", () => {
    const { settings, problems } = nightwatchOf(
      fleetWith({ thresholds: { ...thresholds, moderatePercent: 25 } }),
      agentWith({ thresholds: { minorPercent: 30 } }),
    );
    expect(settings).toEqual(nightwatchDefaults);
    const { status, acts } = decide(seenOf(anAgent(), [], { problems }), NOON);
    expect(acts).toEqual([]);
    const message = expect.stringContaining("spec.nightwatch.thresholds.moderatePercent: ") as string;
    for (const type of ["Ready", "Stalled"]) {
      expect(status.conditions?.find((each) => each.type === type)).toMatchObject({ reason: "InvalidSpec", message });
    }
  });
});
