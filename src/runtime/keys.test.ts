import { expect, test } from "vitest";
import { keyOf, refOf } from "./keys.ts";

test.each([
  [{ namespace: "default", name: "upstream-sync" }, "default/upstream-sync"],
  [{ name: "node-1" }, "node-1"],
])("%o and the key %s name the same object", (ref, key) => {
  expect(keyOf(ref)).toBe(key);
  expect(refOf(key)).toEqual(ref);
});

test("a whole object may stand for its ref", () => {
  expect(keyOf({ namespace: "a", name: "b" })).toBe("a/b");
});
