import { describe, expect, it } from "vitest";
import { objectOrStatusIn } from "./answer.ts";
import type { Answer, Call } from "./transport.ts";

const call: Call = {
  method: "DELETE",
  path: "/api/v1/namespaces/n/pods/a-1",
  retry: true,
  deadlineMs: 1000,
  signal: undefined,
};

const answered = (body: object): Answer => ({
  code: 200,
  text: JSON.stringify(body),
  headers: {},
  retryAfterSeconds: undefined,
  lostTries: 0,
  elapsedMs: 1,
});

describe("the answer to a delete", () => {
  const metadata = { namespace: "n", name: "a-1", uid: "u" };

  it("is the object while that is on its way out", () => {
    const terminating = { kind: "Pod", metadata: { ...metadata, resourceVersion: "7", deletionTimestamp: "t" } };
    expect(objectOrStatusIn(call, answered(terminating))).toEqual(terminating);
  });

  it.each([
    ["a bare Status", { kind: "Status", apiVersion: "v1", status: "Success" }],
    ["an object without a resourceVersion: somebody else's delete was quicker", { kind: "Pod", metadata }],
  ])("is nothing when it is %s", (_, body) => {
    expect(objectOrStatusIn(call, answered(body))).toBeUndefined();
  });
});
