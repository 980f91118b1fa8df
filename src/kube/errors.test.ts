import { describe, expect, it } from "vitest";
import {
  describe as inOneLine,
  isAlreadyExists,
  isConflict,
  isGone,
  isInvalid,
  isTransient,
  type KubeError,
  TransportError,
} from "./errors.ts";
import { errorFrom, errorFromEvent } from "./status.ts";

const request = { method: "GET", path: "/apis/darkfactory.dev/v1alpha1/namespaces/x/agents" };
const answer = (code: number, status: object | string): KubeError =>
  errorFrom(request, {
    code,
    text: typeof status === "string" ? status : JSON.stringify({ kind: "Status", ...status }),
  });

describe("an error of the API server", () => {
  it("is read once from its Status, nulls and all", () => {
    const error = answer(429, {
      reason: "TooManyRequests",
      message: "slow down",
      details: { retryAfterSeconds: 7, name: null, causes: null },
    });
    expect(error).toMatchObject({ code: 429, reason: "TooManyRequests", message: "slow down", retryAfterSeconds: 7 });
    expect(error.details).toEqual({});
  });

  it("keeps which fields the server complained about", () => {
    const causes = [{ reason: "FieldValueRequired", field: "spec.schedule", message: "Required value" }];
    expect(answer(422, { reason: "Invalid", details: { causes } }).details?.causes).toEqual(causes);
  });

  it("that is no Status keeps code and text, in one line of bounded length", () => {
    expect(answer(502, "<html>\n  bad\n gateway</html>").message).toBe("<html>; bad; gateway</html>");
    expect(answer(502, "").message).toBe("HTTP 502");
    expect(answer(502, "✓".repeat(5000)).message).toHaveLength(1001);
  });

  it("in a watch has the code that its event names, not the stream's 200", () => {
    const gone = { kind: "Status", status: "Failure", code: 410, reason: "Expired", message: "too old" };
    expect(isGone(errorFromEvent(request, gone))).toBe(true);
    expect(errorFromEvent(request, { kind: "Pod" })).toMatchObject({ code: 500 });
  });

  it.each([
    ["AlreadyExists is no conflict", answer(409, { reason: "AlreadyExists" }), [true, false]],
    ["Conflict is one", answer(409, { reason: "Conflict" }), [false, true]],
    ["nor is 404 either", answer(404, { reason: "NotFound" }), [false, false]],
  ])("is told from its neighbours: %s", (_what, error, expected) => {
    expect([isAlreadyExists(error), isConflict(error)]).toEqual(expected);
  });

  it("is transient or invalid, never both", () => {
    const codes = [400, 401, 403, 404, 409, 410, 422, 429, 500, 503, 504];
    expect(codes.filter((code) => isTransient(answer(code, {})))).toEqual([429, 500, 503, 504]);
    expect(codes.filter((code) => isInvalid(answer(code, {})))).toEqual([400, 422]);
  });
});

describe("one line for a human", () => {
  it.each([
    [
      answer(403, { reason: "Forbidden", message: "no" }),
      "no permission to list agents.darkfactory.dev in namespace x: no",
    ],
    [
      answer(404, { reason: "NotFound", message: "no" }),
      "cannot list agents.darkfactory.dev in namespace x: 404 NotFound: no",
    ],
    [
      errorFrom({ method: "PATCH", path: "/api/v1/namespaces/x/pods/p/status" }, { code: 500, text: "" }),
      "cannot patch pods/status x/p: 500: HTTP 500",
    ],
    [
      errorFrom({ method: "GET", path: "/api/v1/nodes?watch=true" }, { code: 401, text: "Unauthorized" }),
      "the API server does not accept our credentials, to watch nodes: Unauthorized",
    ],
    [
      new TransportError("unsent", { method: "GET", path: "/readyz" }, "connect ECONNREFUSED"),
      "cannot get /readyz: connect ECONNREFUSED",
    ],
    [new Error("a\nb"), "a; b"],
    ["text", "text"],
  ])("says what was tried and why it failed: %s", (error, expected) => {
    expect(inOneLine(error)).toBe(expected);
  });
});
