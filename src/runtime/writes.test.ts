import { describe, expect, test } from "vitest";
import { createFakeClock } from "./fake-clock.ts";
import { fedInformer, recordingLogger, stored } from "./testing.ts";
import { createWrites } from "./writes.ts";

function setUp() {
  const clock = createFakeClock();
  const { logger, lines } = recordingLogger();
  const writes = createWrites({ clock, logger });
  const { informer, sink } = fedInformer();
  sink.replace([], "99");
  return { clock, lines, writes, informer, sink };
}

describe("writes of a key", () => {
  test("are pending until the cache has come as far", () => {
    const { writes, informer, sink } = setUp();
    writes.wrote("ns/a", informer, stored({ name: "a", resourceVersion: "101" }));
    expect(writes.pending("ns/a")).toBe("widgets");
    sink.apply({ type: "MODIFIED", object: stored({ name: "other", resourceVersion: "100" }) });
    expect(writes.pending("ns/a")).toBe("widgets");
    sink.apply({ type: "MODIFIED", object: stored({ name: "a", resourceVersion: "101" }) });
    expect(writes.pending("ns/a")).toBeUndefined();
  });

  test("are over when a bookmark or a later change passes them", () => {
    const { writes, informer, sink } = setUp();
    writes.wrote("ns/a", informer, stored({ name: "a", resourceVersion: "101" }));
    sink.bookmark("1000");
    expect(writes.pending("ns/a")).toBeUndefined();
  });

  test("wait for the newest of several, in every cache that was written to", () => {
    const { writes, informer, sink } = setUp();
    const pods = fedInformer();
    pods.sink.replace([], "99");
    writes.wrote("ns/a", informer, stored({ name: "a", resourceVersion: "103" }));
    writes.wrote("ns/a", informer, stored({ name: "a", resourceVersion: "101" }));
    writes.wrote("ns/a", pods.informer, stored({ name: "p", resourceVersion: "102" }));
    pods.sink.bookmark("105");
    sink.bookmark("102");
    expect(writes.pending("ns/a")).toBe("widgets");
    sink.bookmark("103");
    expect(writes.pending("ns/a")).toBeUndefined();
  });

  test("call back once, when the last cache that they wait for shows them", () => {
    const { writes, informer, sink } = setUp();
    const pods = fedInformer();
    pods.sink.replace([], "99");
    writes.wrote("ns/a", informer, stored({ name: "a", resourceVersion: "101" }));
    writes.wrote("ns/a", pods.informer, stored({ name: "p", resourceVersion: "103" }));
    let called = 0;
    writes.onceShown("ns/a", () => called++);
    sink.apply({ type: "MODIFIED", object: stored({ name: "a", resourceVersion: "101" }) });
    pods.sink.bookmark("102");
    expect(called).toBe(0);
    pods.sink.replace([], "103");
    expect(called).toBe(1);
    pods.sink.bookmark("104");
    expect(called).toBe(1);
  });

  test("call back at once when there is none", () => {
    const { writes } = setUp();
    let called = 0;
    writes.onceShown("ns/a", () => called++);
    expect(called).toBe(1);
  });

  test("hold up their own key only", () => {
    const { writes, informer } = setUp();
    writes.wrote("ns/a", informer, stored({ name: "a", resourceVersion: "101" }));
    expect(writes.pending("ns/b")).toBeUndefined();
  });

  test("of a cache that was never filled are pending", () => {
    const { writes } = setUp();
    writes.wrote("ns/a", fedInformer().informer, stored({ name: "a" }));
    expect(writes.pending("ns/a")).toBe("widgets");
  });

  test("are given up after 5 min with a warning, whatever the wall clock did", () => {
    const { writes, informer, clock, lines } = setUp();
    writes.wrote("ns/a", informer, stored({ name: "a", resourceVersion: "101" }));
    clock.jump(3_600_000);
    clock.advance(299_999);
    expect(writes.pending("ns/a")).toBe("widgets");
    clock.advance(1);
    expect(writes.pending("ns/a")).toBeUndefined();
    expect(lines).toMatchObject([{ level: "warn", key: "ns/a", resource: "widgets", seen: "99" }]);
  });
});
