import { describe, expect, it } from "vitest";
import { NOON, noonPlus } from "../../test/builders.ts";
import { budgetUsed, type CorrectionRecord, withCorrection, withRenewedBudget } from "./correction-record.ts";

const limit = { count: 3, windowSeconds: 3600 };
const after = (before: CorrectionRecord | undefined, action: "Warn" | "Reload" | "Pause", seconds: number) =>
  withCorrection(before, { level: "Moderate", action, scorePercent: 21, run: "p" }, limit, NOON + seconds * 1000);

describe("the record of corrections (C8)", () => {
  it("holds the latest ten, newest first, and counts all", () => {
    let record: CorrectionRecord | undefined;
    for (let n = 0; n < 12; n += 1) record = after(record, "Warn", n);
    expect(record?.total).toBe(12);
    expect(record?.history?.map(({ time }) => time)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map(noonPlus));
    expect(record).toMatchObject({ time: noonPlus(11), action: "Warn", level: "Moderate" });
  });

  it("leaves out what is not known", () => {
    expect(withCorrection(undefined, { level: "Minor", action: "Warn" }, limit, NOON).history).toEqual([
      { time: noonPlus(0), level: "Minor", action: "Warn" },
    ]);
  });

  it("keeps what is in hand", () => {
    const pending = { action: "Reload", run: "review-1", uid: "u" } as const;
    expect(after({ pending }, "Warn", 0).pending).toEqual(pending);
  });

  it("counts only Reload and Restart against the budget, and only as long as it looks back (C4)", () => {
    const reloaded = after(after(undefined, "Reload", 0), "Reload", 60);
    expect(after(after(reloaded, "Warn", 120), "Pause", 180).budgetTimes).toEqual([noonPlus(0), noonPlus(60)]);
    expect(after(reloaded, "Reload", 3600).budgetTimes).toEqual([noonPlus(60), noonPlus(3600)]);
    expect(after(reloaded, "Warn", 9999)).not.toHaveProperty("budgetTimes");
  });

  it("is renewed by a resume, and what was done stays known (C5)", () => {
    const spent = after(after(undefined, "Reload", 0), "Reload", 60);
    const renewed = withRenewedBudget(spent, NOON + 120_000);
    expect(budgetUsed(spent, limit, NOON + 120_000)).toBe(2);
    expect(budgetUsed(renewed, limit, NOON + 120_000)).toBe(0);
    expect(renewed).toMatchObject({ total: 2, history: [{}, {}], budgetStart: noonPlus(120) });
    expect(budgetUsed(after(renewed, "Reload", 120), limit, NOON + 120_000)).toBe(1);
  });
});
