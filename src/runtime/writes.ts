import type { KubeObject, Stored } from "../kube/types.ts";
import { compareResourceVersions } from "../kube/resource-version.ts";
import type { Clock, Informer, Key } from "./contract.ts";
import type { Logger } from "./logging.ts";

/** A write is awaited this long, as client-go's ExpectationsTimeout; then the cache is trusted again, with a warning. */
export const EXPIRY_MS = 300_000;

/**
 * What each key has written and the caches have not shown yet (read your writes, KEP-5647). Without it a second
 * reconcile decides on the state before the first one's writes, and does them again.
 */
export interface Writes {
  wrote<T extends KubeObject>(key: Key, informer: Informer<T>, answer: Stored<T>): void;
  /** The plural of a kind whose cache has yet to show a write of this key; undefined when all have caught up. */
  pending(key: Key): string | undefined;
  /** Calls back once, as soon as nothing of this key is pending; a later call for the same key replaces an earlier one. */
  onceShown(key: Key, callback: () => void): void;
}

interface Awaited {
  readonly resourceVersion: string;
  readonly since: number;
}

/** The part of an informer that tells how far it has come. */
type Progress = Pick<Informer, "lastResourceVersion" | "onProgress"> & { readonly type: { readonly plural: string } };

export function createWrites(options: { readonly clock: Clock; readonly logger: Logger }): Writes {
  const { clock, logger } = options;
  const awaited = new Map<Key, Map<Progress, Awaited>>();
  /** By the cache that each waits for now. */
  const waiting = new Map<Progress, Map<Key, () => void>>();

  function isOver(key: Key, informer: Progress, { resourceVersion, since }: Awaited): boolean {
    const seen = informer.lastResourceVersion;
    if (seen !== undefined && compareResourceVersions(seen, resourceVersion) >= 0) return true;
    if (clock.monotonic() - since < EXPIRY_MS) return false;
    logger.warn(
      { key, resource: informer.type.plural, resourceVersion, seen },
      "the cache has not shown a write in time",
    );
    return true;
  }

  function behind(key: Key): Progress | undefined {
    const ofKey = awaited.get(key);
    if (ofKey === undefined) return undefined;
    for (const [informer, write] of ofKey) {
      if (!isOver(key, informer, write)) return informer;
      ofKey.delete(informer);
    }
    awaited.delete(key);
    return undefined;
  }

  function waitersOf(informer: Progress): Map<Key, () => void> {
    const known = waiting.get(informer);
    if (known !== undefined) return known;
    const waiters = new Map<Key, () => void>();
    waiting.set(informer, waiters);
    informer.onProgress(() => {
      for (const [key, callback] of waiters) {
        if (behind(key) === informer) continue;
        waiters.delete(key);
        onceShown(key, callback);
      }
    });
    return waiters;
  }

  function onceShown(key: Key, callback: () => void): void {
    const informer = behind(key);
    if (informer === undefined) callback();
    else waitersOf(informer).set(key, callback);
  }

  return {
    wrote(key, informer, answer) {
      const ofKey = awaited.get(key) ?? new Map<Progress, Awaited>();
      awaited.set(key, ofKey);
      const known = ofKey.get(informer);
      const { resourceVersion } = answer.metadata;
      if (known !== undefined && compareResourceVersions(known.resourceVersion, resourceVersion) >= 0) return;
      ofKey.set(informer, { resourceVersion, since: clock.monotonic() });
    },
    pending: (key) => behind(key)?.type.plural,
    onceShown,
  };
}
