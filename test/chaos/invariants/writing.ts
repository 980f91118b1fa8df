import { isDeepStrictEqual } from "node:util";
import { controllerOf } from "../../../src/workloads/labels.ts";
import { type History, nameOf, type Step, steps, type Violation } from "../history.ts";
import { valuesOf } from "./owned-fields.ts";

/** So many failed tries of one request may fall into ten seconds: backoff from 100 ms on makes fewer, a hot loop thousands. */
const MOST_FAILURES = 60;
const FAILURES_MS = 10_000;

/** Quiescence: once all is done the operator writes nothing (O4). Events of what was done may follow, and the lease goes on. */
export function quiet({ writes, convergedAt }: History): readonly Violation[] {
  if (convergedAt === undefined) return [];
  return writes
    .filter(({ at, by, dryRun }) => by === "operator" && at > convergedAt && !dryRun)
    .filter(({ resource }) => resource !== "leases")
    .map(({ verb, resource, subresource, name, at }) => ({
      invariant: "quiescence",
      about: `${verb} ${[resource, subresource].filter(Boolean).join("/")} ${name ?? ""}`,
      what: `was written ${at - convergedAt} ms after all was done`,
    }));
}

/** Bounded retries: what fails is tried again with growing patience. */
export function bounded({ tries }: History): readonly Violation[] {
  const failures = Map.groupBy(
    tries.filter(({ failed }) => failed),
    ({ key }) => key,
  );
  return [...failures].flatMap(([key, its]): readonly Violation[] => {
    const times = its.map(({ at }) => at).toSorted((a, b) => a - b);
    const hot = times.findIndex((at, index) => (times[index + MOST_FAILURES] ?? Infinity) - at < FAILURES_MS);
    if (hot === -1) return [];
    const what = `failed more than ${MOST_FAILURES} times within ${FAILURES_MS / 1000} s`;
    return [{ invariant: "bounded-retries", about: key, what }];
  });
}

/** Foreign fields untouched: what strangers set stays as they set it, and a person's spec is a person's (F1, O6). */
export function foreign(history: History): readonly Violation[] {
  return steps(history)
    .filter(({ by }) => by === "operator")
    .flatMap((step) => [...specWrites(step), ...takenFields(step, history.strangers)]);
}

function specWrites({ change, before, after }: Step): readonly Violation[] {
  if (before === undefined || after === undefined || isDeepStrictEqual(before.spec, after.spec)) return [];
  const isAPersons =
    change.kind === "AgentFleet" ||
    change.kind === "AgentRun" ||
    (change.kind === "Agent" && controllerOf(after)?.kind !== "AgentFleet");
  return isAPersons ? [violation(change, "its spec was changed by the operator")] : [];
}

function takenFields({ change, before, after }: Step, strangers: readonly string[]): readonly Violation[] {
  if (before === undefined || after === undefined) return [];
  return (before.metadata.managedFields ?? [])
    .filter(({ manager = "" }) => strangers.includes(manager))
    .flatMap(({ manager, fieldsV1 = {} }) => {
      const [was, is] = [valuesOf(fieldsV1, before), valuesOf(fieldsV1, after)];
      return [...was]
        .filter(([path, value]) => is.get(path) !== value)
        .map(([path, value]) =>
          violation(change, `${path} of ${manager} went from ${value} to ${is.get(path) ?? "nothing"}`),
        );
    });
}

function violation(change: Step["change"], what: string): Violation {
  return { invariant: "foreign-fields", about: nameOf(change), what };
}
