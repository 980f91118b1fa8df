import { describe, expect, it } from "vitest";
import { madeByLostTry } from "./lost-create.ts";
import type { KubeObject, ObjectMeta, Stored } from "./types.ts";

const owner = (uid: string, controller = true): NonNullable<ObjectMeta["ownerReferences"]> => [
  { apiVersion: "v1", kind: "Agent", name: "a", uid, controller },
];
const wanted: KubeObject = { metadata: { name: "a-1", ownerReferences: owner("me") } };
const found = (metadata: Partial<ObjectMeta>): Stored => ({
  metadata: {
    name: "a-1",
    uid: "u",
    resourceVersion: "1",
    creationTimestamp: "2026-03-01T12:00:00Z",
    ownerReferences: owner("me"),
    ...metadata,
  },
});
/** The name was found taken at 12:00:03 by the server's clock, three seconds after the call began. */
const when = { serverDate: "Sun, 01 Mar 2026 12:00:03 GMT", elapsedMs: 3000 };

describe("an object that stands under our name after a lost answer", () => {
  it.each([
    ["made as the call began, for the same owner", {}, true],
    ["made a second before, as whole seconds can make it look", { creationTimestamp: "2026-03-01T11:59:58Z" }, true],
    ["made before the call", { creationTimestamp: "2026-03-01T11:59:57Z" }, false],
    ["made for another owner", { ownerReferences: owner("other") }, false],
    ["owned, but not controlled, by ours", { ownerReferences: owner("me", false) }, false],
    ["made for nobody", { ownerReferences: [] }, false],
    ["on its way out", { deletionTimestamp: "2026-03-01T12:00:01Z" }, false],
  ])("and was %s: ours is %s %s", (_what, metadata, expected) => {
    expect(madeByLostTry(wanted, found(metadata), when)).toBe(expected);
  });

  it("is ours only if the server's own time is known: clocks of two machines differ", () => {
    expect(madeByLostTry(wanted, found({}), { ...when, serverDate: undefined })).toBe(false);
  });

  it("is ours without an owner if none was wanted", () => {
    expect(madeByLostTry({ metadata: { name: "a-1" } }, found({ ownerReferences: [] }), when)).toBe(true);
  });
});
