import { describe, expect, it } from "vitest";
import { KubeError, TransportError } from "./kube/errors.ts";
import { createFakeClock, settle } from "./runtime/fake-clock.ts";
import { createStartupCheck } from "./startup-check.ts";

const request = { method: "GET", path: "/openapi/v3" };
const away = new TransportError("unsent", request, "refused");
const status = (code: number) =>
  new KubeError({ ...request, code, reason: "", message: "no", details: undefined, retryAfterSeconds: undefined });

/** A check whose answers are given one after the other. */
function aCheck(...answers: readonly (string | Error | undefined)[]) {
  const clock = createFakeClock();
  const told: unknown[] = [];
  let asked = 0;
  const check = createStartupCheck({
    name: "crds",
    clock,
    ask: () => {
      const answer = answers[Math.min(asked, answers.length - 1)];
      asked += 1;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    onProblem: (problem) => void told.push(problem),
    onNoAnswer: (error) => void told.push(error),
  });
  const stop = new AbortController();
  let isPassed = false;
  void check.whenPassed().then(() => (isPassed = true));
  const ended = check.run(stop.signal);
  return { check, clock, told, stop, ended, asked: () => asked, isPassed: () => isPassed };
}

describe("a check at the start", () => {
  it("is not passed before it has an answer, and passed when all is in order", async () => {
    const { check, isPassed, ended, told } = aCheck(undefined);
    expect(check.problem()).toBe("not answered by the API server yet");
    await ended;
    expect([check.problem(), isPassed(), told]).toEqual([undefined, true, []]);
  });

  it("asks again, ever less often, until what is wrong is mended, and tells each problem once", async () => {
    const { check, clock, told, asked, ended } = aCheck("a", "a", "b", undefined);
    await settle();
    expect([check.problem(), asked()]).toEqual(["a", 1]);
    await clock.advanceAndSettle(1_000);
    await clock.advanceAndSettle(2_000);
    expect([check.problem(), asked()]).toEqual(["b", 3]);
    await clock.advanceAndSettle(4_000);
    await ended;
    expect([check.problem(), told]).toEqual([undefined, ["a", "b"]]);
  });

  it.each([
    ["an API server that is away", away],
    ["one that is in trouble", status(503)],
    ["one that does not accept the credentials yet", status(401)],
  ])("waits for %s", async (_, error) => {
    const { clock, told, isPassed, ended } = aCheck(error, undefined);
    await settle();
    expect(isPassed()).toBe(false);
    await clock.advanceAndSettle(1_000);
    await ended;
    expect([isPassed(), told]).toEqual([true, []]);
  });

  it("holds nobody up where the API server refuses to answer, and says so", async () => {
    const { check, told, isPassed, ended } = aCheck(status(403));
    await ended;
    expect([check.problem(), isPassed(), told]).toEqual([undefined, true, [status(403)]]);
  });

  it("ends when the operator does", async () => {
    const { stop, ended, isPassed } = aCheck("a");
    await settle();
    stop.abort();
    await ended;
    expect(isPassed()).toBe(false);
  });
});
