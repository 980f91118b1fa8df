import { describe, expect, test } from "vitest";
import { createReadyKeys, type Priority } from "./ready-keys.ts";

const entry = (key: string, priority: Priority = "normal", since = 0) => ({ key, priority, since });

describe("ready keys", () => {
  test("leave in the order they came", () => {
    const keys = createReadyKeys();
    for (let n = 0; n < 5_000; n++) keys.add(entry(`k${n}`));
    const taken = Array.from({ length: 5_000 }, () => keys.take()?.key);
    expect(taken).toEqual(Array.from({ length: 5_000 }, (_, n) => `k${n}`));
    expect(keys.take()).toBeUndefined();
  });

  test("a normal key leaves before every low one", () => {
    const keys = createReadyKeys();
    keys.add(entry("initial-1", "low"));
    keys.add(entry("initial-2", "low"));
    keys.add(entry("changed"));
    expect([keys.take(), keys.take(), keys.take()].map((e) => e?.key)).toEqual(["changed", "initial-1", "initial-2"]);
  });

  test("a low key that is added again as normal rises, and leaves once", () => {
    const keys = createReadyKeys();
    keys.add(entry("a", "low", 1));
    keys.add(entry("b", "low", 2));
    keys.add(entry("b", "normal", 9));
    expect([keys.count("normal"), keys.count("low"), keys.size]).toEqual([1, 1, 2]);
    expect(keys.take()).toEqual(entry("b", "normal", 2));
    expect(keys.take()?.key).toBe("a");
    expect(keys.take()).toBeUndefined();
    expect(keys.size).toBe(0);
  });

  test("a normal key that is added again as low stays where it is", () => {
    const keys = createReadyKeys();
    keys.add(entry("a"));
    keys.add(entry("a", "low"));
    expect([keys.count("normal"), keys.count("low")]).toEqual([1, 0]);
  });

  test("a key that was taken after it rose can wait as low again", () => {
    const keys = createReadyKeys();
    keys.add(entry("a", "low"));
    keys.add(entry("a"));
    keys.take();
    keys.add(entry("a", "low"));
    expect(keys.take()?.key).toBe("a");
    expect(keys.take()).toBeUndefined();
  });
});
