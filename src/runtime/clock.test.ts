import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "./clock.ts";

describe("the system clock", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const day = 86_400_000;

  test("keeps a delay of 60 days, longer than setTimeout can", () => {
    const fired = vi.fn();
    systemClock.after(60 * day, fired);
    vi.advanceTimersByTime(60 * day - 1);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledOnce();
  });

  test("cancels a long delay in its second leg", () => {
    const fired = vi.fn();
    const cancel = systemClock.after(60 * day, fired);
    vi.advanceTimersByTime(40 * day);
    cancel();
    vi.advanceTimersByTime(40 * day);
    expect(fired).not.toHaveBeenCalled();
  });

  test("fires a delay that is already over at the next turn", () => {
    const fired = vi.fn();
    systemClock.after(-5, fired);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(0);
    expect(fired).toHaveBeenCalledOnce();
  });
});
