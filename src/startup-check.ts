import type { KubeClock } from "./kube/clock.ts";
import { sleep } from "./kube/clock.ts";
import { isTransient, isUnauthorized } from "./kube/errors.ts";
import type { Check } from "./runtime/checks.ts";

/** Something that must be in order when the operator starts, and that it asks the API server for until it is. */
export interface StartupCheck extends Check {
  /** Asks until all is in order, or nobody can say; ends early when the signal fires. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when that is so, however long it takes. */
  whenPassed(): Promise<void>;
}

export interface StartupCheckOptions {
  readonly name: string;
  /** What is wrong, for a human; undefined when all is in order. */
  readonly ask: (signal: AbortSignal) => Promise<string | undefined>;
  readonly clock: KubeClock;
  /** Told each problem once, as long as it stays the same. */
  readonly onProblem?: (problem: string) => void;
  /** Told why nobody can say. The check passes then: a cluster that does not answer such a question is no reason to stand still. */
  readonly onNoAnswer: (error: unknown) => void;
}

/** Asked again soon at first: what is missing is mostly being installed at this moment. */
const AGAIN_MS = { least: 1_000, most: 5_000 };

export function createStartupCheck(options: StartupCheckOptions): StartupCheck {
  const { name, ask, clock, onProblem, onNoAnswer } = options;
  const passed = Promise.withResolvers<void>();
  let problem: string | undefined = "not answered by the API server yet";

  function pass(): void {
    problem = undefined;
    passed.resolve();
  }

  return {
    name,
    problem: () => problem,
    whenPassed: () => passed.promise,
    async run(signal) {
      for (let waitMs = AGAIN_MS.least; !signal.aborted; waitMs = Math.min(2 * waitMs, AGAIN_MS.most)) {
        try {
          const found = await ask(signal);
          if (found === undefined) return pass();
          if (found !== problem) onProblem?.(found);
          problem = found;
        } catch (error) {
          if (signal.aborted) return;
          // Credentials may be rotated at this moment; whoever reads the caches says that they are not accepted.
          if (!isTransient(error) && !isUnauthorized(error)) {
            onNoAnswer(error);
            return pass();
          }
        }
        await sleep(clock, waitMs, signal);
      }
    },
  };
}
