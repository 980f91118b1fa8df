import { isForbidden, isInvalid, isOwnerKindUnknown, KubeError, OWNER_KIND_RETRY_MS } from "../../kube/errors.ts";
import type { Instant } from "../../runtime/contract.ts";
import type { Refusal } from "./observed.ts";

/**
 * How soon an entry that the API server refused is tried again, in milliseconds, doubling while nothing changes: no event
 * tells when a quota, a policy or our own permissions have, and admission policies speak with the code of a wrong schema.
 */
const RETRY_MS = { least: 60_000, most: 300_000 };

/** What a failed apply says about an entry; undefined when it says nothing about it. */
export function refusalOf(
  error: unknown,
  entry: Pick<Refusal, "hash" | "over">,
  before: Refusal | undefined,
  now: Instant,
): Refusal | undefined {
  if (!(error instanceof KubeError) || (!isInvalid(error) && !isForbidden(error))) return undefined;
  const isAgain = before?.hash === entry.hash && before.over === entry.over;
  const doubled = isAgain ? 2 * before.retryMs : 0;
  const patience = Math.min(Math.max(doubled, RETRY_MS.least), RETRY_MS.most);
  const retryMs = isOwnerKindUnknown(error) ? OWNER_KIND_RETRY_MS : patience;
  const reason = isInvalid(error) ? "InvalidSpec" : "Forbidden";
  return { ...entry, reason, message: error.message, retryMs, retryAt: now + retryMs };
}
