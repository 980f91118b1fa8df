import { describe, expect, it } from "vitest";
import { aCondition, anAgent, aPodOf, seenOf } from "../../../test/builders.ts";
import { evidenceOf } from "../../../test/plans.ts";
import { aRun, growthAgent, hasBegun, over } from "../../../test/run-builders.ts";
import { noCounts } from "../../nightwatch/counters.ts";
import { rateLimitCondition } from "./rate-limit.ts";

const cursor = { pod: "sentinel-1", container: "uid/0" };

function ofSafety(limit: { readonly resetTime?: string } | undefined, before = aCondition("RateLimited", "False")) {
  const agent = anAgent({ status: { conditions: [before] } });
  const reading = { counts: noCounts, buckets: [], cursor, ...(limit === undefined ? {} : { limit }) };
  const evidence = evidenceOf({}, { reading });
  return rateLimitCondition(seenOf(agent, [aPodOf(agent, 1)], { evidence })).RateLimited;
}

describe("a Safety agent is rate limited (S3)", () => {
  it("while its last lines say so, until when was announced", () => {
    expect(ofSafety({ resetTime: "2026-03-01T13:00:00Z" })).toMatchObject({
      status: "True",
      reason: "LimitSpent",
      message: expect.stringContaining("this ends at 2026-03-01T13:00:00Z"),
    });
    expect(ofSafety({})).toMatchObject({ status: "True", message: expect.stringContaining("announced no end") });
  });

  it("no longer once it got over it", () => {
    expect(ofSafety(undefined, aCondition("RateLimited"))).toMatchObject({ status: "False", reason: "NotRateLimited" });
  });

  it("with the end that was announced, though the lines since tell of none (O4)", () => {
    expect(ofSafety({}, aCondition("RateLimited"))).toBeUndefined();
  });

  it("as it was, where nothing was read", () => {
    expect(rateLimitCondition(seenOf(anAgent()))).toEqual({});
  });
});

describe("an agent of runs is rate limited (S3)", () => {
  it.each<[readonly ("Success" | "RateLimited")[], string | undefined, string]>([
    [[], undefined, "none has ended"],
    [["Success", "RateLimited"], "True", "the last one ended so"],
    [["RateLimited", "Success"], "False", "one after it did not"],
  ])("after %j: %s (%s)", (ends, expected) => {
    const ended = ends.map((kind, at) => aRun({ name: `r${at}`, status: over(kind, at) }));
    const runs = [aRun({ name: "going", status: hasBegun() }), ...ended];
    expect(rateLimitCondition(seenOf(growthAgent(), [], { runs })).RateLimited?.status).toBe(expected);
  });
});
