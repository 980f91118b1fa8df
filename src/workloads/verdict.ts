import type { ExitClass } from "../api/v1alpha1/exit.ts";
import type { RunVerdict } from "../tools/reader.ts";

/** How a Pod or a run ended, as far as the cluster tells. */
interface Ended {
  readonly class: ExitClass;
  readonly reason?: string | undefined;
}

/** Why the tool's word outranks exit code 0, by the class that it makes of the run. */
const TOLD: Partial<Readonly<Record<ExitClass, string>>> = {
  EmptySuccess: "NoResult",
  AgentError: "FailureReported",
  RateLimited: "LimitReported",
};

/**
 * The same, with what the tool printed taken into account (S4): an exit code of 0 without a verdict of the tool, or with a
 * bad one, is no success; a failure may be told closer. What the cluster knows (memory, deadline, eviction) stands.
 */
export function withVerdict<E extends Ended>(exit: E, verdict: RunVerdict | undefined): E {
  const told = verdict?.exitClass;
  if (told === undefined || told === exit.class || told === "Success") return exit;
  if (exit.class === "Success") return { ...exit, class: told, reason: TOLD[told] ?? told };
  return exit.class === "AgentError" ? { ...exit, class: told } : exit;
}
