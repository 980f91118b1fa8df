import { describe, expect, it } from "vitest";
import { NOON } from "../../../test/builders.ts";
import { KubeError } from "../../kube/errors.ts";
import { refusalOf } from "./refusal.ts";

const entry = { hash: "h", over: undefined };

const forbidden = (message: string) =>
  new KubeError({
    code: 403,
    reason: "Forbidden",
    message,
    details: undefined,
    retryAfterSeconds: undefined,
    method: "PATCH",
    path: "/apis/darkfactory.dev/v1alpha1/namespaces/default/agents/a",
  });

describe("an entry that the API server refused", () => {
  it("is tried again after a minute, and each time later while nothing changes", () => {
    const first = refusalOf(forbidden("exceeded quota"), entry, undefined, NOON);
    expect(first).toMatchObject({ reason: "Forbidden", retryAt: NOON + 60_000 });
    expect(refusalOf(forbidden("exceeded quota"), entry, first, NOON)?.retryAt).toBe(NOON + 120_000);
  });

  it("is tried again soon, however often, where only our kinds are too new to be known as owners", () => {
    const tooNew = forbidden(
      'agents "a" is forbidden: cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ' +
        'darkfactory.dev/v1alpha1 Kind AgentFleet: no matches for kind "AgentFleet"',
    );
    const first = refusalOf(tooNew, entry, undefined, NOON);
    expect(first?.retryAt).toBe(NOON + 5_000);
    expect(refusalOf(tooNew, entry, first, NOON)?.retryAt).toBe(NOON + 5_000);
    expect(refusalOf(forbidden("exceeded quota"), entry, first, NOON)?.retryAt).toBe(NOON + 60_000);
  });
});
