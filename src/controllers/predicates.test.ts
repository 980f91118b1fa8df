import { describe, expect, it } from "vitest";
import { anAgent, noonPlus } from "../../test/builders.ts";
import { specOrMetadataChanged } from "./predicates.ts";

describe("an update that may change what is decided", () => {
  const before = anAgent({ annotations: { a: "1" } });
  const withMetadata = (metadata: object) => ({ ...before, metadata: { ...before.metadata, ...metadata } });

  it.each([
    ["a new spec", { generation: 2 }],
    ["the wish to delete", { deletionTimestamp: noonPlus(0) }],
    ["a request by annotation", { annotations: { a: "2" } }],
    ["a label", { labels: { a: "1" } }],
    ["an owner", { ownerReferences: [{ apiVersion: "v1", kind: "X", name: "x", uid: "1" }] }],
  ])("is %s", (_, metadata) => {
    expect(specOrMetadataChanged(before, withMetadata(metadata))).toBe(true);
  });

  it("is not a status that we wrote ourselves (O4)", () => {
    const after = { ...withMetadata({ resourceVersion: "101" }), status: { observedGeneration: 1, starts: 2 } };
    expect(specOrMetadataChanged(before, after)).toBe(false);
  });
});
