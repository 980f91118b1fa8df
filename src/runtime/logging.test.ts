import { describe, expect, test } from "vitest";
import { KubeError } from "../kube/errors.ts";
import { TerminalError } from "./contract.ts";
import { createLogger, objectLogger } from "./logging.ts";

function lines(format: "json" | "text", level: "debug" | "info" = "info") {
  const written: string[] = [];
  return { written, logger: createLogger({ level, format, destination: { write: (line) => written.push(line) } }) };
}

const parsed = (line: string | undefined): unknown => JSON.parse(line ?? "");

describe("a JSON log line", () => {
  test("names level, time, message and object", () => {
    const { logger, written } = lines("json");
    objectLogger(logger, "Agent", { namespace: "default", name: "sentinel" }).info({ level2: 1 }, "Pod created");
    expect(parsed(written[0])).toEqual({
      level: "info",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      object: { kind: "Agent", namespace: "default", name: "sentinel" },
      level2: 1,
      msg: "Pod created",
    });
  });

  test("is left out below the level", () => {
    const { logger, written } = lines("json");
    logger.debug("noise");
    expect(written).toEqual([]);
  });

  test("never holds a credential", () => {
    const { logger, written } = lines("json");
    const secret = "s3cr3t-value";
    logger.info({ token: secret, headers: { authorization: secret }, a: { b: { c: { password: secret } } } }, "call");
    expect(written[0]).not.toContain(secret);
    expect(written[0]).toContain("[redacted]");
  });

  test("tells an answer of the API server without a stack, and a fault of our own with one", () => {
    const { logger, written } = lines("json");
    const kubeError = new KubeError({
      message: "pods is forbidden",
      code: 403,
      reason: "Forbidden",
      details: undefined,
      retryAfterSeconds: undefined,
      method: "GET",
      path: "/api/v1/pods",
    });
    logger.error({ err: kubeError }, "x");
    logger.error({ err: new TerminalError("no such Secret") }, "x");
    logger.error({ err: new TypeError("not a function") }, "x");
    expect(parsed(written[0])).toMatchObject({ err: { type: "KubeError", code: 403, reason: "Forbidden" } });
    expect(parsed(written[0])).not.toHaveProperty("err.stack");
    expect(parsed(written[1])).toMatchObject({ err: { type: "TerminalError", message: "no such Secret" } });
    expect(parsed(written[1])).not.toHaveProperty("err.stack");
    expect(parsed(written[2])).toHaveProperty("err.stack");
  });
});

describe("a text log line", () => {
  test("reads from left to right: when, how bad, about what, what, details", () => {
    const { logger, written } = lines("text");
    const line = objectLogger(logger, "Agent", { namespace: "default", name: "sentinel" });
    line.warn({ drift: "Severe", score: 41, why: "too many errors", err: new TerminalError("stop") }, "drifted");
    expect(written[0]?.replace(/^\S+/, "TIME")).toBe(
      'TIME WARN  Agent default/sentinel: drifted drift=Severe score=41 why="too many errors" err=stop\n',
    );
  });

  test("shows a stack on lines of its own", () => {
    const { logger, written } = lines("text");
    logger.error({ err: new TypeError("not a function") }, "reconcile failed");
    expect(written[0]).toMatch(/ERROR reconcile failed err="not a function"\nTypeError: not a function\n {4}at /);
  });
});
