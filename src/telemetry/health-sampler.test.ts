import { describe, expect, it } from "vitest";
import { anAgent, aPodOf, exited, NOON, type PodFate, running, waitingFor } from "../../test/builders.ts";
import { toldCaches } from "../../test/told-caches.ts";
import type { Bucket } from "../nightwatch/window.ts";
import { createFakeClock } from "../runtime/fake-clock.ts";
import { checksBeyond, createHealthSampler } from "./health-sampler.ts";

const UID = "uid-sentinel";

function sampling(fate: PodFate = running(), isOurs = true) {
  const clock = createFakeClock(NOON + 400);
  const { caches, put, gone } = toldCaches();
  const health = createHealthSampler({
    pods: caches.pods,
    agentOf: () => (isOurs ? { uid: UID, windowSeconds: 3600 } : undefined),
    clock,
  });
  const stop = health.start();
  const pod = aPodOf(anAgent(), 1, fate);
  put("pods", pod);
  const sum = (name: "healthChecks" | "healthyChecks") =>
    health.checksOf(UID).reduce((all, bucket) => all + bucket[name], 0);
  return { clock, put, gone, pod, health, stop, counts: () => [sum("healthChecks"), sum("healthyChecks")] };
}

describe("a Pod that should be running is looked at (S6)", () => {
  it("every 30 s, and counts as healthy while it is", () => {
    const { clock, counts } = sampling();
    clock.advance(30_000);
    expect(counts()).toEqual([1, 1]);
    clock.advance(300_000);
    expect(counts()).toEqual([11, 11]);
  });

  it("and counts as unhealthy while it waits with an error", () => {
    const { clock, counts } = sampling(waitingFor("ImagePullBackOff"));
    clock.advance(60_000);
    expect(counts()).toEqual([2, 0]);
  });

  it("not when it has finished, is gone, or is nobody's", () => {
    const finished = sampling(exited(0));
    finished.clock.advance(60_000);
    const gone = sampling();
    gone.gone("pods", gone.pod);
    gone.clock.advance(60_000);
    const foreign = sampling(running(), false);
    foreign.clock.advance(60_000);
    expect([finished, gone, foreign].map(({ counts }) => counts())).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
  });

  it("no more once sampling was stopped", () => {
    const { clock, counts, stop } = sampling();
    clock.advance(30_000);
    stop();
    clock.advance(60_000);
    expect(counts()).toEqual([1, 1]);
  });
});

describe("checks that a status holds", () => {
  it("are counted no more, and those that came meanwhile are kept", () => {
    const { clock, health, counts } = sampling();
    clock.advance(60_000);
    const written = health.checksOf(UID);
    clock.advance(30_000);
    health.written(UID, written);
    expect(counts()).toEqual([1, 1]);
    health.written(UID, health.checksOf(UID));
    expect(health.checksOf(UID)).toEqual([]);
  });

  it("are forgotten with a window that begins anew", () => {
    const { clock, health, counts } = sampling();
    clock.advance(60_000);
    health.forget(UID);
    expect(counts()).toEqual([0, 0]);
  });

  it("are taken away bucket by bucket", () => {
    const bucket = (start: string, healthChecks: number, healthyChecks: number): Bucket => ({
      start,
      lines: 0,
      errorLines: 0,
      commands: 0,
      failedCommands: 0,
      healthChecks,
      healthyChecks,
    });
    const all = [bucket("a", 3, 2), bucket("b", 2, 2)];
    expect(checksBeyond(all, [bucket("a", 1, 1), bucket("b", 2, 2)])).toEqual([bucket("a", 2, 1)]);
    expect(checksBeyond(all, [])).toEqual(all);
  });
});
