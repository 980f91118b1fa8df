import { isInvalid, isOwnerKindUnknown, KubeError, OWNER_KIND_RETRY_MS } from "../../kube/errors.ts";

/** The API server's no to a Pod, in the words of the agent's conditions. */
export interface Refusal {
  readonly reason: "PodRefused" | "QuotaExceeded" | "PodForbidden" | "ServiceAccountNotFound" | "NameConflict";
  readonly message: string;
  /** Only a change of the spec, or of what it refers to, can help. */
  readonly needsHuman: boolean;
  /** When to ask again, in milliseconds; absent: as after every refusal. */
  readonly retryMs?: number;
}

/** How soon to ask again in a namespace so new that its default ServiceAccount is still being made (about a second). */
const NEW_NAMESPACE_RETRY_MS = 2000;

/** What a failed create or dry run means for the agent; undefined when it says nothing about the Pod (then it is retried). */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof KubeError)) return undefined;
  if (isInvalid(error)) {
    return { reason: "PodRefused", message: error.message, needsHuman: true };
  }
  if (error.code !== 403 || isNamespaceTerminating(error)) return undefined;
  // Admission has no machine-readable word for these; the texts are those of the quota and service-account plugins.
  if (error.message.includes("exceeded quota")) {
    return { reason: "QuotaExceeded", message: error.message, needsHuman: false };
  }
  if (error.message.includes('serviceaccount "default" not found')) {
    const { message } = error;
    return { reason: "ServiceAccountNotFound", message, needsHuman: false, retryMs: NEW_NAMESPACE_RETRY_MS };
  }
  if (error.message.includes("error looking up service account")) {
    return { reason: "ServiceAccountNotFound", message: error.message, needsHuman: true };
  }
  const retry = isOwnerKindUnknown(error) ? { retryMs: OWNER_KIND_RETRY_MS } : {};
  return { reason: "PodForbidden", message: error.message, needsHuman: false, ...retry };
}

/** The namespace is going away: nothing can be created in it, and all that is in it goes by itself. */
export function isNamespaceTerminating(error: unknown): boolean {
  return (
    error instanceof KubeError &&
    error.code === 403 &&
    (error.details?.causes ?? []).some((cause) => cause.reason === "NamespaceTerminating")
  );
}
