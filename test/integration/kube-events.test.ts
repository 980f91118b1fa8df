import { describe, expect, it } from "vitest";
import {
  createEventRecorder,
  EVENT,
  referenceTo,
  type EventRecorder,
  type EventText,
  type KubeEvent,
} from "../../src/kube/events.ts";
import { systemClock, type KubeClock } from "../../src/kube/clock.ts";
import type { Stored } from "../../src/kube/types.ts";
import { aFaultyWay } from "../faults/for-tests.ts";
import { aConfigMap, all, CONFIG_MAP } from "./kube-support.ts";
import { aNamespace, eventually } from "./support.ts";

const namespace = aNamespace();
const way = aFaultyWay();

interface Recording {
  readonly recorder: EventRecorder;
  readonly dropped: string[];
  /** An event about the object, with a note. */
  readonly text: (note: string) => EventText;
  /** What the server holds about the object, oldest first. */
  readonly stored: () => Promise<readonly Stored<KubeEvent>[]>;
}

/** A recorder whose writes go through the proxy, and an object to record about. */
async function recording(name: string, clock: KubeClock = systemClock): Promise<Recording> {
  const object = await way.direct.create(CONFIG_MAP, aConfigMap(namespace, name));
  const dropped: string[] = [];
  const recorder = createEventRecorder({
    client: await way.client(),
    component: "darkfactory.dev/test",
    instance: "test-1",
    clock,
    random: () => 0,
    onDropped: (text, because) => dropped.push(`${text.note}: ${because}`),
  });
  const regarding = referenceTo(CONFIG_MAP, object);
  return {
    recorder,
    dropped,
    text: (note) => ({ regarding, type: "Warning", reason: "Drifting", action: "Warn", note }),
    stored: async () => {
      const fieldSelector = `regarding.name=${name}`;
      const pages = await all(way.direct.list(EVENT, { namespace, fieldSelector }));
      return pages.flatMap((page) => page.items).toSorted((a, b) => (a.eventTime < b.eventTime ? -1 : 1));
    },
  };
}

/** A clock whose hours pass when told to, while timers run as ever but at once when they are longer than a second. */
function jumpingClock(): { readonly clock: KubeClock; readonly jump: (ms: number) => void } {
  let ahead = 0;
  const clock: KubeClock = {
    now: () => systemClock.now() + ahead,
    monotonic: () => systemClock.monotonic() + ahead,
    after: (ms, callback) => systemClock.after(ms > 1000 ? 0 : ms, callback),
  };
  return { clock, jump: (ms) => void (ahead += ms) };
}

describe("an event recorder", () => {
  it("writes an event that the server takes as it is", async () => {
    const { recorder, text, stored } = await recording("plain");
    recorder.event(text("drift 12 %"));
    await recorder.flush(60_000);
    const [event] = await stored();
    expect(event).toMatchObject({
      reason: "Drifting",
      action: "Warn",
      type: "Warning",
      note: "drift 12 %",
      reportingController: "darkfactory.dev/test",
      reportingInstance: "test-1",
      regarding: { kind: "ConfigMap", namespace, name: "plain" },
    });
    expect(event?.metadata.name).toMatch(/^plain\.[0-9a-f]{16}$/);
    expect(event?.eventTime).toMatch(/\.\d{3}000Z$/);
  });

  it("counts repeats in one event, and another note is another event", async () => {
    const { recorder, text, stored } = await recording("repeated");
    for (let repeat = 0; repeat < 40; repeat++) recorder.event(text("again"));
    recorder.event(text("different"));
    await recorder.flush(60_000);
    const events = await stored();
    expect(new Map(events.map((event) => [event.note, event.series?.count]))).toEqual(
      new Map([
        ["again", 40],
        ["different", undefined],
      ]),
    );
    expect(events).toHaveLength(2);
  });

  it("begins a new event when the last was more than six minutes ago", async () => {
    const { clock, jump } = jumpingClock();
    const { recorder, text, stored } = await recording("later", clock);
    recorder.event(text("again"));
    jump(6 * 60_000 + 1000);
    recorder.event(text("again"));
    await eventually(async () => expect(await stored()).toHaveLength(2));
  });

  it("allows one object 25 events at once", async () => {
    const { recorder, dropped, text, stored } = await recording("noisy");
    for (let index = 0; index < 40; index++) recorder.event(text(`note ${index}`));
    await recorder.flush(60_000);
    expect(await stored()).toHaveLength(25);
    expect(dropped).toHaveLength(15);
    expect(dropped[0]).toBe("note 25: too-many");
  });

  it("makes one event of an answer that was lost", async () => {
    const { recorder, text, stored } = await recording("lost");
    way.proxy.plan({ verb: "create", resource: "events", nth: [1, 2], fault: { fault: "lose-answer" } });
    recorder.event(text("once"));
    await eventually(async () => expect(await stored()).toHaveLength(1));
    await recorder.flush(60_000);
    expect(await stored()).toHaveLength(1);
  });

  it("makes nobody wait for a server that is down, and writes when it is back", async () => {
    const { clock } = jumpingClock();
    const { recorder, dropped, text, stored } = await recording("patient", clock);
    let refused = 0;
    way.proxy.plan((call) => {
      if (call.resource !== "events" || refused === 3) return undefined;
      refused += 1;
      return { fault: "answer", code: 500 };
    });
    recorder.event(text("in spite of all"));
    await eventually(async () => expect(await stored()).toHaveLength(1));
    expect(refused).toBe(3);
    expect(dropped).toEqual([]);
  });

  it("gives up at shutdown's deadline, and says what was lost", async () => {
    const { recorder, dropped, text } = await recording("shutdown");
    way.proxy.plan({ resource: "events", nth: "every", fault: { fault: "hang" } });
    recorder.event(text("one"));
    recorder.event(text("two"));
    await recorder.flush(200);
    expect(dropped).toEqual(["one: unreachable", "two: unreachable"]);
  });

  it("drops the oldest of more than a thousand that wait", async () => {
    const { recorder, dropped, text } = await recording("flood");
    way.proxy.plan({ resource: "events", nth: "every", fault: { fault: "hang" } });
    for (let index = 0; index < 1003; index++) {
      const { regarding } = text("");
      recorder.event({ ...text(`note ${index}`), regarding: { ...regarding, uid: `uid-${index}` } });
    }
    // The first is being written; of the others a thousand may wait.
    expect(dropped).toEqual(["note 1: queue-full", "note 2: queue-full"]);
    await recorder.flush(100);
    expect(dropped).toHaveLength(1003);
  });

  it("drops no urgent one for the number of others, and writes it before them", async () => {
    const { recorder, dropped, text, stored } = await recording("alarm");
    const gate = Promise.withResolvers<void>();
    way.proxy.plan({ resource: "events", fault: { fault: "hold", until: gate.promise } });
    const { regarding } = text("");
    recorder.event(text("first"));
    recorder.event(text("storm"), "urgent");
    for (let index = 0; index < 1001; index++) {
      recorder.event({ ...text(`note ${index}`), regarding: { ...regarding, name: "others", uid: `uid-${index}` } });
    }
    expect(dropped).toEqual(["note 0: queue-full"]);
    gate.resolve();
    // Both may be of the same millisecond: no order among them.
    const notes = async () => (await stored()).map(({ note }) => note).toSorted();
    await eventually(async () => expect(await notes()).toEqual(["first", "storm"]));
    // etcd's revisions grow: what was written later has a greater one, and what was written before is there by now.
    const revisionOf = ({ metadata }: Stored) => Number(metadata.resourceVersion);
    const others = await eventually(async () => {
      const pages = await all(way.direct.list(EVENT, { namespace, fieldSelector: "regarding.name=others" }));
      const found = pages.flatMap(({ items }) => items).map(revisionOf);
      expect(found.length).toBeGreaterThan(0);
      return found;
    });
    const storm = (await stored()).find(({ note }) => note === "storm");
    expect(Math.min(...others)).toBeGreaterThan(storm === undefined ? Infinity : revisionOf(storm));
    // Nobody waits for the other hundreds.
    way.proxy.plan({ resource: "events", nth: "every", fault: { fault: "hang" } });
    await recorder.flush(100);
  });

  it("lets go of an event that the server refuses, and goes on with the next", async () => {
    const { recorder, dropped, text, stored } = await recording("refused");
    recorder.event({ ...text("bad"), type: "Loud" as never });
    recorder.event(text("good"));
    await recorder.flush(60_000);
    expect(dropped).toEqual(["bad: refused"]);
    expect((await stored()).map(({ note }) => note)).toEqual(["good"]);
  });
});
