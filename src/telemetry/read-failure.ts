import { describe, KubeError, TransportError } from "../kube/errors.ts";

/** A read that counted nothing: the cursor stays where it was. */
export interface ReadFailure {
  readonly ok: false;
  /** The Pod is no more, and its log with it. Any other failure may pass: the log is there as long as the Pod is. */
  readonly isGone: boolean;
  /** Nothing was tried: too much else is read just now. */
  readonly isBusy?: true;
  /** What was tried and why it failed, in one line. */
  readonly message: string;
}

/** What a cluster said no with, as a value. Anything else is an error of this program's, or of its credentials, and is thrown. */
export function readFailure(error: unknown): ReadFailure {
  if (!(error instanceof KubeError || error instanceof TransportError)) throw error;
  return { ok: false, isGone: isPodGone(error), message: describe(error) };
}

/**
 * The API server itself found no such Pod. A kubelet that was just restarted answers 404 too (passed on as one of pods/log),
 * and so does a Node that is missing (of nodes): their Pod is there.
 */
function isPodGone(error: unknown): boolean {
  return error instanceof KubeError && error.code === 404 && error.details?.kind === "pods";
}

export function failedWith(message: string): ReadFailure {
  return { ok: false, isGone: false, message };
}
