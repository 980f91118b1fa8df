import { expect, test } from "vitest";
import { cachesSynced, loopTurns, noneStuck } from "./runtime-checks.ts";
import { fedInformer } from "./testing.ts";

test("readiness waits for every cache and names what it waits for", () => {
  const first = fedInformer();
  const second = fedInformer();
  const check = cachesSynced([first.informer, second.informer]);
  expect(check.problem()).toBe("reading widgets.test.darkfactory.dev");
  first.sink.replace([], "1");
  expect(check.problem()).toBe("reading widgets.test.darkfactory.dev");
  second.sink.replace([], "1");
  expect(check.problem()).toBeUndefined();
});

test("a reconcile that runs for ten minutes makes the process unhealthy, and is named", () => {
  const busy = (seconds: number) => ({ name: "agent", longestRunning: () => ({ key: "ns/a", seconds }) });
  const idle = { name: "fleet", longestRunning: () => undefined };
  expect(noneStuck([idle, busy(600)]).problem()).toBeUndefined();
  expect(noneStuck([idle, busy(600.5)]).problem()).toBe("agent has worked on ns/a for 600 s");
});

test("an answer proves that the event loop turns", () => {
  expect(loopTurns.problem()).toBeUndefined();
});
