import { describe, expect, test } from "vitest";
import { createLeaseLock, toMicroTime } from "./lease.ts";

describe("a time in a Lease", () => {
  test("has exactly six fraction digits: the API server refuses three", () => {
    expect(toMicroTime(Date.UTC(2026, 0, 1, 0, 0, 0, 7))).toBe("2026-01-01T00:00:00.007000Z");
    expect(toMicroTime(0)).toBe("1970-01-01T00:00:00.000000Z");
  });
});

describe("a lease lock", () => {
  const ref = { namespace: "ns", name: "darkfactory" };
  const record = { holderIdentity: "me", leaseDurationSeconds: 15, acquireTime: 1, renewTime: 2, leaseTransitions: 3 };

  test("keeps what others put into the Lease, as a PUT replaces it whole", async () => {
    const stood = {
      metadata: { name: "darkfactory", resourceVersion: "7", labels: { team: "a" } },
      spec: { holderIdentity: "other", strategy: "OldestEmulationVersion" },
    };
    let sent: unknown;
    const raw = (method: string, _path: string, body?: unknown): Promise<unknown> => {
      if (method === "PUT") sent = body;
      return Promise.resolve(stood);
    };
    const lock = createLeaseLock({ raw }, ref, 1_000);
    await lock.read();
    await lock.update(record);
    expect(sent).toEqual({
      metadata: stood.metadata,
      spec: {
        holderIdentity: "me",
        leaseDurationSeconds: 15,
        acquireTime: "1970-01-01T00:00:00.001000Z",
        renewTime: "1970-01-01T00:00:00.002000Z",
        leaseTransitions: 3,
        strategy: "OldestEmulationVersion",
      },
    });
  });

  test("reads a Lease that somebody created empty as held by nobody", async () => {
    const raw = (): Promise<unknown> => Promise.resolve({ metadata: { resourceVersion: "1" }, spec: null });
    expect(await createLeaseLock({ raw }, ref, 1_000).read()).toMatchObject({
      holderIdentity: "",
      leaseTransitions: 0,
    });
  });

  test("does not write over a Lease that it has not read", async () => {
    const raw = (): Promise<unknown> => Promise.reject(new Error("unexpected"));
    await expect(createLeaseLock({ raw }, ref, 1_000).update(record)).rejects.toThrow("over what was read");
  });
});
