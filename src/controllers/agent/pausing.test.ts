import { describe, expect, it } from "vitest";
import { anAgent, aPodOf, NOON, noonPlus, seenOf } from "../../../test/builders.ts";
import type { AgentStatus } from "../../api/v1alpha1/agent.ts";
import { decide } from "./decide.ts";
import { answerPauseRequests } from "./pausing.ts";

const paused = { time: noonPlus(-600), reason: "DriftCritical", message: "paused by Nightwatch" };

const asked = (requests: { readonly pause?: string; readonly resume?: string }, status: Partial<AgentStatus> = {}) => {
  const annotations = Object.entries(requests).map(([what, value]) => [`darkfactory.dev/${what}-requested-at`, value]);
  return seenOf(anAgent({ annotations: Object.fromEntries(annotations), status }));
};

describe("what a person asks for by annotation (C5)", () => {
  it.each<[string, Parameters<typeof asked>[0], Partial<AgentStatus>, string | undefined]>([
    ["a pause", { pause: "a" }, {}, "Manual"],
    ["a pause that was answered", { pause: "a" }, { lastHandledPauseAt: "a" }, undefined],
    ["a pause of one that Nightwatch paused", { pause: "a" }, { pause: paused }, "DriftCritical"],
    ["a resume", { resume: "a" }, { pause: paused }, undefined],
    ["a resume that was answered", { resume: "a" }, { pause: paused, lastHandledResumeAt: "a" }, "DriftCritical"],
    ["a resume of one that is not paused", { resume: "a" }, {}, undefined],
    ["a pause, then a resume", { pause: noonPlus(-2), resume: noonPlus(-1) }, {}, undefined],
    ["a resume, then a pause", { pause: noonPlus(-1), resume: noonPlus(-2) }, {}, "Manual"],
    [
      "a resume, then a pause, of one that is paused",
      { pause: noonPlus(-1), resume: noonPlus(-2) },
      { pause: paused },
      "DriftCritical",
    ],
    ["both at one time", { pause: noonPlus(-1), resume: noonPlus(-1) }, {}, "Manual"],
    ["both, in no order that can be told", { pause: "later", resume: "sooner" }, {}, "Manual"],
  ])("%s", (_, requests, status, reason) => {
    const { seen } = answerPauseRequests(asked(requests, status), NOON);
    expect(seen.agent.status?.pause?.reason).toBe(reason);
  });

  it("of both only the later is done, and both are echoed: neither comes again", () => {
    const { status } = decide(asked({ pause: noonPlus(-2), resume: noonPlus(-1) }), NOON);
    expect(status).toMatchObject({ lastHandledPauseAt: noonPlus(-2), lastHandledResumeAt: noonPlus(-1) });
    expect(status.pause).toBeUndefined();
  });

  it("a resume begins an empty window and a full budget of corrections, and forgets nothing that was done", () => {
    const correction = {
      level: "Critical" as const,
      action: "Pause" as const,
      total: 4,
      budgetTimes: [noonPlus(-700)],
    };
    const drift = { level: "Critical" as const, scorePercent: 80, windowStart: noonPlus(-3600), samples: 50 };
    const { seen, events } = answerPauseRequests(asked({ resume: "a" }, { pause: paused, correction, drift }), NOON);
    expect(seen.agent.status?.drift).toEqual({ level: "Normal", samples: 0, windowStart: noonPlus(0) });
    expect(seen.agent.status?.correction).toEqual({
      level: "Critical",
      action: "Pause",
      total: 4,
      budgetStart: noonPlus(0),
    });
    expect(events).toMatchObject([{ reason: "Resumed", note: expect.stringContaining("DriftCritical") }]);
  });

  it("a resume of one that is not paused leaves its window, its budget and its Pod, and is only echoed", () => {
    const drift = { level: "Minor" as const, scorePercent: 12, windowStart: noonPlus(-3600), samples: 50 };
    const correction = { action: "Reload" as const, total: 1, budgetTimes: [noonPlus(-700)] };
    const seen = asked({ resume: "a" }, { starts: 1, drift, correction });
    const { status, events } = decide({ ...seen, pods: [aPodOf(seen.agent, 1)] }, NOON);
    expect(status).toMatchObject({ drift, correction, lastHandledResumeAt: "a" });
    expect(events).toEqual([]);
  });

  it("a pause says who asked for it, by what, and how to go on", () => {
    const { status, events } = decide(asked({ pause: "2026-03-01, the release" }), NOON);
    expect(status.pause?.message).toMatch(/by hand.*"2026-03-01, the release".*kubectl annotate agent sentinel/);
    expect(events.map(({ reason }) => reason)).toContain("Paused");
  });
});
