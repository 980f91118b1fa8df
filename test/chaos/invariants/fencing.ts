import type { History, Violation, Write } from "../history.ts";

/** Fencing: of several replicas only the one that holds the lease writes, however late an old leader wakes (O1). */
export function fencing({ writes }: History): readonly Violation[] {
  const leases = writes.filter(({ lease }) => lease !== undefined).toSorted((a, b) => doneAt(a) - doneAt(b));
  return writes
    .filter(({ replica, resource, dryRun }) => replica !== undefined && resource !== "leases" && !dryRun)
    .flatMap((write): readonly Violation[] => {
      const last = leases.findLast((lease) => doneAt(lease) < write.at);
      if (last === undefined || last.lease?.isHeld === false || last.replica === write.replica) return [];
      const about = `${write.verb} ${[write.resource, write.subresource].filter(Boolean).join("/")} ${write.name ?? ""}`;
      const late = write.at - doneAt(last);
      const what = `was sent by replica ${write.replica}, ${late} ms after replica ${last.replica} held the lease`;
      return [{ invariant: "fencing", about, what }];
    });
}

const doneAt = ({ lease }: Write): number => lease?.doneAt ?? 0;
