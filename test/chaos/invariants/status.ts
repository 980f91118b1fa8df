import { isDeepStrictEqual } from "node:util";
import type { Agent } from "../../../src/api/v1alpha1/agent.ts";
import type { AgentRun } from "../../../src/api/v1alpha1/agent-run.ts";
import { type History, nameOf, type Step, steps, type Violation, type Watched } from "../history.ts";

/** Status never goes backwards: starts, generation, counters, the occurrence that was handled. A person's own writes aside. */
export function forward(history: History): readonly Violation[] {
  return steps(history).flatMap((step): readonly Violation[] => {
    const { after, before } = step;
    if (after === undefined || step.by === "person") return [];
    const { observedGeneration } = (after.status ?? {}) as { readonly observedGeneration?: number };
    const { generation = Infinity } = after.metadata;
    const ahead =
      observedGeneration !== undefined && observedGeneration > generation
        ? [violation(step, `observedGeneration is ${observedGeneration}, and its generation ${generation}`)]
        : [];
    if (before === undefined) return ahead;
    const [was, is] = [marks(before), marks(after)];
    const back = Object.keys(was).filter((mark) => less(is[mark], was[mark]));
    return [
      ...ahead,
      ...back.map((mark) => violation(step, `${mark} went from ${was[mark]} to ${is[mark] ?? "nothing"}`)),
    ];
  });
}

/** Terminal phases are final: what ended stays as it ended. */
export function terminal(history: History): readonly Violation[] {
  return steps(history).flatMap((step): readonly Violation[] => {
    const { before, after } = step;
    if (step.change.kind !== "AgentRun" || before === undefined || after === undefined) return [];
    const was = endOf(before);
    if (was === undefined || isDeepStrictEqual(was, endOf(after))) return [];
    return [
      {
        invariant: "terminal-final",
        about: nameOf(step.change),
        what: `had ended as ${JSON.stringify(was)}, and then was ${JSON.stringify(endOf(after) ?? "not ended")}`,
      },
    ];
  });
}

function endOf(object: Watched): object | undefined {
  const { conditions = [], completionTime, exit } = (object as unknown as AgentRun).status ?? {};
  const ended = conditions.filter(({ type, status }) => ["Complete", "Failed"].includes(type) && status === "True");
  if (ended.length === 0) return undefined;
  return { conditions: ended.map(({ type, reason }) => ({ type, reason })), completionTime, exit };
}

type Mark = number | string | undefined;

/** What only grows: numbers, and times of one format, which sort as text. */
function marks(object: Watched): Readonly<Record<string, Mark>> {
  const status = ((object as unknown as Agent).status ?? {}) as Partial<NonNullable<Agent["status"]>> &
    Partial<NonNullable<AgentRun["status"]>>;
  const { starts, observedGeneration, correction, skippedRuns, lastScheduleTime, lastRunTime, signals = {} } = status;
  return {
    "metadata.generation": object.metadata.generation,
    observedGeneration: typeof observedGeneration === "number" ? observedGeneration : undefined,
    starts,
    "correction.total": correction?.total,
    "skippedRuns.total": skippedRuns?.total,
    lastScheduleTime,
    lastRunTime,
    ...Object.fromEntries(Object.entries(signals).map(([name, value]) => [`signals.${name}`, value])),
  };
}

/** What was there once stays: nothing is less than something. */
function less(is: Mark, was: Mark): boolean {
  if (was === undefined) return false;
  return is === undefined || is < was;
}

function violation({ change }: Step, what: string): Violation {
  return { invariant: "status-forward", about: nameOf(change), what };
}
