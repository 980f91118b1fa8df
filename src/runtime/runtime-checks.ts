import type { Check } from "./checks.ts";
import type { RunnableController } from "./controller.ts";
import { waitingFor, type Waiting } from "./waiting.ts";

/** A reconcile is aborted after 2 min; one that runs on for so long will never end. */
const STUCK_SECONDS = 600;

/** For /readyz: all caches are filled. A standby is ready as well, so that it counts in a rollout. */
export function cachesSynced(informers: readonly Waiting[]): Check {
  return {
    name: "caches",
    problem() {
      const reasons = waitingFor(informers);
      return reasons.length === 0 ? undefined : reasons.join("; ");
    },
  };
}

/** For /healthz: that an answer comes at all proves that the event loop turns. */
export const loopTurns: Check = { name: "event-loop", problem: () => undefined };

/** For /healthz: no reconcile hangs for ever and keeps a worker. */
export function noneStuck(controllers: readonly Pick<RunnableController, "name" | "longestRunning">[]): Check {
  return {
    name: "reconciles",
    problem() {
      for (const controller of controllers) {
        const longest = controller.longestRunning();
        if (longest === undefined || longest.seconds <= STUCK_SECONDS) continue;
        return `${controller.name} has worked on ${longest.key} for ${Math.floor(longest.seconds)} s`;
      }
      return undefined;
    },
  };
}
