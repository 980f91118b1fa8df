/** A write was refused before it left: this process does not lead, or stalled past its lease. Never retried here. */
export class NotLeaderError extends Error {
  override readonly name = "NotLeaderError";
}

/** Whether this process may act. */
export interface Leadership {
  isLeader(): boolean;
  /** Monotonic milliseconds up to which writes are allowed; undefined when this process does not lead. */
  deadline(): number | undefined;
  /** Throws NotLeaderError past the deadline. To be called before every try of every write (O1). */
  fence(): void;
}

/** Takes part in an election until stopped. */
export interface LeaderElection extends Leadership {
  /** Resolves to true when this process leads, to false when it was stopped before. */
  campaign(): Promise<boolean>;
  /** Gives the leadership up, so that another need not wait for the lease to run out. Call it after the last write. */
  stop(): Promise<void>;
}

/** For a single replica (--leader-elect=false): leads from the start and for ever. Two such processes would both act. */
export function alwaysLeading(): LeaderElection {
  return {
    isLeader: () => true,
    deadline: () => Infinity,
    fence: () => undefined,
    campaign: () => Promise.resolve(true),
    stop: () => Promise.resolve(),
  };
}
