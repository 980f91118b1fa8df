/** A problem that the user can solve: its message is one line, shown without a stack. */
export class ClusterFailure extends Error {
  override readonly name = "ClusterFailure";
}

/** Where chatter goes: one line each, on stderr in the command line, nowhere in quiet tests. */
export type Log = (line: string) => void;

/** The command line's log. stdout belongs to data. */
export const logToStderr: Log = (line) => void process.stderr.write(`${line}\n`);
