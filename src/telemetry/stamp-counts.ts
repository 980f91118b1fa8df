/** Counts the lines of one log by their stamp. */
export interface StampCounts {
  /** How many lines with this stamp have come, this one included. */
  add(stamp: string | undefined): number;
}

/** Different stamps that are remembered. Equal ones that far apart are two streams on a clock that stood still. */
const MOST_STAMPS = 256;

/**
 * Counts equal stamps, also where others stand between them: two goroutines stamp stdout and stderr. Only a stamp that is
 * not newer than all before is looked for, so that a log in order costs next to nothing.
 */
export function createStampCounts(): StampCounts {
  const recent: { readonly stamp: string | undefined; count: number }[] = [];
  let at = -1;
  let newest = "";
  return {
    add(stamp) {
      const last = recent[at];
      if (last?.stamp === stamp && last !== undefined) return ++last.count;
      const isNewer = stamp !== undefined && stamp > newest;
      const known = isNewer ? undefined : recent.find((entry) => entry.stamp === stamp);
      if (known !== undefined) return ++known.count;
      if (isNewer) newest = stamp;
      at = (at + 1) % MOST_STAMPS;
      recent[at] = { stamp, count: 1 };
      return 1;
    },
  };
}
