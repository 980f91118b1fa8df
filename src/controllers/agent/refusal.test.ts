import { describe, expect, it } from "vitest";
import { KubeError, type StatusDetails } from "../../kube/errors.ts";
import { isNamespaceTerminating, refusalOf } from "./refusal.ts";

const answer = (code: number, message: string, details?: StatusDetails) =>
  new KubeError({
    code,
    reason: "",
    message,
    details,
    retryAfterSeconds: undefined,
    method: "POST",
    path: "/api/v1/namespaces/default/pods",
  });

/** Words of a v1.36 API server. */
const said = {
  invalid: 'Pod "a-1" is invalid: spec.containers[0].image: Required value',
  quota: 'pods "a-1" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
  policy: 'pods "a-1" is forbidden: violates PodSecurity "restricted:latest": privileged',
  account: 'pods "a-1" is forbidden: error looking up service account ns/x: serviceaccount "x" not found',
  newKinds:
    'pods "a-1" is forbidden: cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ' +
    'darkfactory.dev/v1alpha1 Kind Agent: no matches for kind "Agent" in version "darkfactory.dev/v1alpha1"',
  defaultAccount:
    'pods "a-1" is forbidden: error looking up service account ns/default: serviceaccount "default" not found',
};

describe("what the API server's no to a Pod means", () => {
  it.each([
    ["a spec that is wrong", 422, said.invalid, "PodRefused", true],
    ["a spec that is no Pod", 400, said.invalid, "PodRefused", true],
    ["a quota", 403, said.quota, "QuotaExceeded", false],
    ["a policy", 403, said.policy, "PodForbidden", false],
    ["a missing account", 403, said.account, "ServiceAccountNotFound", true],
    ["a namespace that is still being made", 403, said.defaultAccount, "ServiceAccountNotFound", false],
  ])("%s", (_, code, message, reason, needsHuman) => {
    expect(refusalOf(answer(code, message))).toMatchObject({ reason, message, needsHuman });
  });

  it("asks again soon only where a namespace, or what the API server knows of our kinds, is still being made", () => {
    expect(refusalOf(answer(403, said.defaultAccount))?.retryMs).toBe(2000);
    expect(refusalOf(answer(403, said.newKinds))).toMatchObject({ reason: "PodForbidden", retryMs: 5000 });
    expect(refusalOf(answer(403, said.quota))?.retryMs).toBeUndefined();
  });

  it.each([
    ["a conflict", answer(409, "exists")],
    ["trouble in the server", answer(500, "exceeded quota")],
    ["no answer", new Error("exceeded quota")],
    [
      "a namespace that goes away",
      answer(403, "forbidden", { causes: [{ reason: "NamespaceTerminating", field: "metadata.namespace" }] }),
    ],
  ])("is no word about the Pod for %s", (_, error) => {
    expect(refusalOf(error)).toBeUndefined();
  });

  it("knows a namespace that goes away by its cause, not by its words", () => {
    expect(isNamespaceTerminating(answer(403, "namespace is being terminated"))).toBe(false);
    expect(isNamespaceTerminating(answer(403, "x", { causes: [{ reason: "NamespaceTerminating" }] }))).toBe(true);
    expect(isNamespaceTerminating(answer(409, "x", { causes: [{ reason: "NamespaceTerminating" }] }))).toBe(false);
  });
});
