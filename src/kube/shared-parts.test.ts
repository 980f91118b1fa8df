import { expect, it } from "vitest";
import { withSharedParts } from "./shared-parts.ts";

const aSpec = (task: string) => ({ task, limits: { retries: 1, keep: { failed: 3 } }, command: ["/bin/sh", "-c"] });

it("equal parts of different values are one object, and the values are what they were", () => {
  const [a, b] = [withSharedParts(aSpec("a")), withSharedParts(aSpec("b"))];
  expect([a, b]).toEqual([aSpec("a"), aSpec("b")]);
  expect(a.limits).toBe(b.limits);
  expect(a.command).toBe(b.command);
  expect(withSharedParts({ keep: { failed: 3 } }).keep).toBe(a.limits.keep);
});

it("a part that is shared cannot be changed for all by mistake", () => {
  const { limits } = withSharedParts(aSpec("a"));
  expect(() => Object.assign(limits, { retries: 2 })).toThrow(TypeError);
  expect(() => Object.assign(limits.keep, { failed: 2 })).toThrow(TypeError);
});

it("what was given is left as it was", () => {
  const before = aSpec("a");
  const { limits } = before;
  withSharedParts(aSpec("b"));
  withSharedParts(before);
  expect(before.limits).toBe(limits);
});

it("many parts that differ do not pile up, and long ones are not compared", () => {
  const early = withSharedParts({ part: { n: "early" } });
  for (let n = 0; n < 3000; n++) withSharedParts({ part: { n } });
  expect(withSharedParts({ part: { n: "early" } })).toEqual(early);
  expect(withSharedParts({ part: { n: "early" } }).part).not.toBe(early.part);
  const long = () => ({ part: { text: "x".repeat(600) } });
  expect(withSharedParts(long()).part).not.toBe(withSharedParts(long()).part);
});

it("keys that could reach a prototype stay keys", () => {
  const value = JSON.parse('{"a":{"__proto__":{"polluted":{"deep":1}}}}') as { readonly a: object };
  expect(JSON.stringify(withSharedParts(value))).toBe('{"a":{"__proto__":{"polluted":{"deep":1}}}}');
  expect({}).not.toHaveProperty("polluted");
});
