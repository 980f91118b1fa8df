import { describe, expect, it } from "vitest";
import { settle } from "../runtime/fake-clock.ts";
import { createSlots } from "./slots.ts";

describe("slots", () => {
  it("let so many in, and the others in their order as places become free", async () => {
    const slots = createSlots(1);
    const first = await slots.enter();
    const entered: string[] = [];
    const wait = async (name: string) => {
      const leave = await slots.enter();
      entered.push(name);
      return leave;
    };
    const [second, third] = [wait("second"), wait("third")];
    await settle();
    expect(entered).toEqual([]);
    first?.();
    first?.();
    await settle();
    expect(entered).toEqual(["second"]);
    (await second)?.();
    (await third)?.();
    expect(entered).toEqual(["second", "third"]);
    expect(await slots.enter()).toBeDefined();
  });

  it("are not kept by who gave up waiting", async () => {
    const slots = createSlots(1);
    const leave = await slots.enter();
    const controller = new AbortController();
    const impatient = slots.enter(controller.signal);
    const patient = slots.enter();
    controller.abort();
    expect(await impatient).toBeUndefined();
    expect(await slots.enter(controller.signal)).toBeUndefined();
    leave?.();
    expect(await patient).toBeDefined();
  });

  it("are waited for by so many at most, and whoever comes beyond goes at once", async () => {
    const slots = createSlots(1, 1);
    const leave = await slots.enter();
    const waits = slots.enter();
    expect(await slots.enter()).toBeUndefined();
    leave?.();
    expect(await waits).toBeDefined();
    const next = slots.enter();
    (await waits)?.();
    expect(await next).toBeDefined();
  });
});
