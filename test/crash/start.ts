import { type OperatorOptions, type OperatorProcess, programOf, startOperator } from "../operator-process.ts";

/** Where an operator is killed: at its n-th write (n ≥ 1), before that is sent or after it is done. */
export interface CrashPoint {
  readonly n: number;
  readonly when: "before" | "after";
}

/** Starts an operator that kills itself (test/crash/main.ts). One that writes less often lives on. */
export function startToCrash({ n, when }: CrashPoint, options: OperatorOptions): OperatorProcess {
  return startOperator({
    ...options,
    entry: programOf("crash", "test", "crash", "main.ts"),
    env: { ...options.env, CRASH_AT_WRITE: String(n), CRASH_WHEN: when },
  });
}
