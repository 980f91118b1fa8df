import type { Condition } from "../../src/kube/types.ts";
import type { HellKind } from "./manifests.ts";

/** What the API server said to a manifest that it did not take. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly fields: readonly string[];
}

/** The whole is too large, or no JSON that the server reads: no field is to blame. */
const ofTheWhole =
  /request is too large|too large: |exceeded max depth|request entity too large|etcdserver: request is too large/i;

/** What is wrong with a refusal; undefined: it tells what to mend. */
export function faultOfRefusal({ code, message, fields }: Refusal): string | undefined {
  if (code >= 500 && !ofTheWhole.test(message)) return `was answered ${code}: ${message}`;
  const named = fields.some((field) => field !== "") || /\b(spec|metadata)\b/.test(message) || ofTheWhole.test(message);
  return named ? undefined : `was refused with ${code}, and no field is named: ${message}`;
}

interface Standing {
  readonly metadata: { readonly generation?: number };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** The conditions of which one must speak for each kind: how it stands, or why it waits. */
const speaking: Readonly<Record<HellKind, readonly string[]>> = {
  Agent: ["Ready"],
  AgentFleet: ["Ready"],
  AgentRun: ["Started", "Complete", "Failed"],
};

/** Whether an object that was taken says of its present generation how it stands, with a reason. */
export function hasVerdict(kind: HellKind, { metadata, status }: Standing): boolean {
  return (status?.conditions ?? []).some(
    ({ type, reason, status, observedGeneration }) =>
      speaking[kind].includes(type) &&
      reason !== "" &&
      status !== "Unknown" &&
      observedGeneration === metadata.generation,
  );
}

/** Lines of the operator's log that tell of a mistake in it, not of one in a manifest. */
export function mistakes(lines: readonly string[]): readonly string[] {
  return lines.filter((line) =>
    /\b(TypeError|RangeError|ReferenceError|SyntaxError|InternalError: too much recursion)\b/.test(line),
  );
}
