import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Signal } from "./signal.ts";
import { addTally, emptyTally, tally } from "./tally.ts";

describe("a tally", () => {
  it("counts each signal where it belongs, and nowhere else", () => {
    const signals: Signal[] = [
      { kind: "line", outcome: "ok" },
      { kind: "line", outcome: "error" },
      { kind: "command", outcome: "ok" },
      { kind: "command", outcome: "failed" },
      { kind: "api", outcome: "ok" },
      { kind: "api", outcome: "error" },
      { kind: "api", outcome: "rate-limited" },
      { kind: "rate-limit-reset", time: "2026-11-22T18:20:00Z" },
      { kind: "health", outcome: "healthy" },
      { kind: "health", outcome: "unhealthy" },
      { kind: "unknown-event" },
    ];
    expect(tally(emptyTally, signals)).toEqual({
      lines: 2,
      errorLines: 1,
      commands: 2,
      failedCommands: 1,
      healthChecks: 2,
      healthyChecks: 1,
      apiErrors: 1,
      rateLimits: 1,
      rateLimitResetTime: "2026-11-22T18:20:00Z",
      unknownEvents: 1,
      usage: {},
      result: {},
    });
  });

  it("sums usage, and leaves untold what no signal told", () => {
    const told = tally(emptyTally, [
      { kind: "usage", usage: { inputTokens: 1200, costMicroUSD: 10 } },
      { kind: "usage", usage: { inputTokens: 300, outputTokens: 80 } },
    ]);
    expect(told.usage).toEqual({ inputTokens: 1500, outputTokens: 80, costMicroUSD: 10 });
  });

  it("puts the parts of a result together, the latest of each", () => {
    const told = tally(emptyTally, [
      { kind: "result", result: { sessionID: "s" } },
      { kind: "result", result: { summary: "first" } },
      { kind: "result", result: { summary: "last", success: true } },
    ]);
    expect(told.result).toEqual({ sessionID: "s", summary: "last", success: true });
  });

  it("is the same however the signals were cut into reads (S5)", () => {
    const anySignal = fc.constantFrom<Signal>(
      { kind: "line", outcome: "ok" },
      { kind: "line", outcome: "error" },
      { kind: "command", outcome: "failed" },
      { kind: "usage", usage: { inputTokens: 7 } },
      { kind: "usage", usage: { costMicroUSD: 3 } },
      { kind: "api", outcome: "error" },
      { kind: "api", outcome: "rate-limited" },
      { kind: "rate-limit-reset", time: "2026-11-22T18:20:00Z" },
      { kind: "rate-limit-reset", time: "2026-11-22T19:20:00Z" },
      { kind: "unknown-event" },
      { kind: "result", result: { success: true } },
      { kind: "result", result: { success: false, summary: "no" } },
    );
    fc.assert(
      fc.property(fc.array(anySignal), fc.nat(), (signals, cut) => {
        const at = signals.length === 0 ? 0 : cut % signals.length;
        const [first, second] = [signals.slice(0, at), signals.slice(at)];
        const whole = tally(emptyTally, signals);
        expect(tally(tally(emptyTally, first), second)).toEqual(whole);
        expect(addTally(tally(emptyTally, first), tally(emptyTally, second))).toEqual(whole);
      }),
    );
  });
});
