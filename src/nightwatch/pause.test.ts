import { describe, expect, it } from "vitest";
import { NOON, noonPlus } from "../../test/builders.ts";
import { pausedByHand, pausedByNightwatch, pausedCondition } from "./pause.ts";

const agent = { namespace: "night", name: "sentinel" };
const resume =
  'kubectl annotate agent sentinel --namespace night --overwrite darkfactory.dev/resume-requested-at="$(date -u +%FT%TZ)"';

describe("a pause (C5)", () => {
  it("by Nightwatch says when, why, by whom and how to resume", () => {
    expect(pausedByNightwatch(agent, "DriftCritical", "Critical, 71 %: …", NOON)).toEqual({
      time: noonPlus(0),
      reason: "DriftCritical",
      message: `paused at ${noonPlus(0)} by Nightwatch: Critical, 71 %: …; to resume it: ${resume}`,
    });
  });

  it("by hand names the annotation and its value, on one line whatever that holds", () => {
    expect(pausedByHand(agent, "bob\nsays: no", NOON)).toEqual({
      time: noonPlus(0),
      reason: "Manual",
      message: `paused at ${noonPlus(0)} by hand: darkfactory.dev/pause-requested-at was set to "bob\\nsays: no"; to resume it: ${resume}`,
    });
  });

  it("shows as the condition Paused", () => {
    const { reason, message } = pausedByHand(agent, "1", NOON);
    expect(pausedCondition({ reason, message })).toEqual({ type: "Paused", status: "True", reason: "Manual", message });
  });
});
