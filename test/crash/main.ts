import { runOperator } from "../../src/run.ts";

/*
 * The operator, which ends itself with SIGKILL at its n-th write: CRASH_AT_WRITE=n. With CRASH_WHEN=before that write is
 * never sent, so fewer than n are done. With CRASH_WHEN=after n writes are done, and the operator never hears of the last;
 * as many more as it has connections may be under way.
 */
const at = Number(process.env["CRASH_AT_WRITE"]);
const when = process.env["CRASH_WHEN"];

const crashAt = (n: number): void => {
  if (n === at) process.kill(process.pid, "SIGKILL");
};

let answered = 0;
const hooks =
  when === "before"
    ? { beforeWrite: crashAt }
    : // Counted by answer: while one write waits for its own, others would pass it without bound.
      { afterWrite: () => crashAt(++answered) };
process.exit(await runOperator(process.argv.slice(2), process.env, hooks));
