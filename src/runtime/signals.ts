import type { Logger } from "./logging.ts";

/** What of Node's process is needed here; tests pass their own. */
export interface ProcessEvents {
  on(event: "SIGTERM" | "SIGINT", listener: (signal: NodeJS.Signals) => void): unknown;
  on(event: "uncaughtException" | "unhandledRejection", listener: (error: unknown) => void): unknown;
  exit(code: number): void;
}

/** Calls `onStop` at the first SIGTERM or SIGINT; the second ends the process at once, with exit code 1. */
export function onStopSignal(events: ProcessEvents, logger: Logger, onStop: (signal: NodeJS.Signals) => void): void {
  let isStopping = false;
  const receive = (signal: NodeJS.Signals): void => {
    if (isStopping) {
      logger.warn({ signal }, "second signal: exiting at once");
      events.exit(1);
      return;
    }
    isStopping = true;
    onStop(signal);
  };
  events.on("SIGTERM", receive);
  events.on("SIGINT", receive);
}

/** An error that nobody caught leaves unknown state behind: the process ends with exit code 1, and starts anew. */
export function exitOnFault(events: ProcessEvents, logger: Logger): void {
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    events.on(event, (error) => {
      logger.fatal({ err: error }, `${event}: exiting`);
      events.exit(1);
    });
  }
}
