import { setImmediate as nextTurn } from "node:timers/promises";
import { pageIn } from "./answer.ts";
import type { WirePage } from "./answer.ts";
import type { ListOptions } from "./client.ts";
import { isGone } from "./errors.ts";
import type { Bounds } from "./limit.ts";
import { collectionPath } from "./resource-path.ts";
import type { Call, Transport } from "./transport.ts";
import type { KubeObject, ResourceType } from "./types.ts";

/** Objects per page: small enough that parsing one does not stall the event loop (Pods: 500 in about 40 ms). */
const PAGE_SIZE = 500;
/** Restarts of one list whose snapshot went away between two pages. */
const LIST_RESTARTS = 3;

/**
 * All pages of one consistent snapshot. They are handed out once all have come: a snapshot can go away between two pages
 * (410), and the list then starts anew without the caller ever seeing an object of the first attempt.
 */
export async function* listPages<T extends KubeObject>(
  transport: Transport,
  type: ResourceType<T>,
  options: ListOptions,
  bounds: Bounds,
): AsyncGenerator<WirePage<T>> {
  let pages: WirePage<T>[] = [];
  let restarts = 0;
  let next: string | undefined;
  do {
    const call: Call = {
      method: "GET",
      path: collectionPath(type, options.namespace),
      query: {
        labelSelector: options.labelSelector,
        fieldSelector: options.fieldSelector,
        limit: String(options.limit ?? PAGE_SIZE),
        // A continue token carries its own version.
        resourceVersion: next === undefined ? options.resourceVersion : undefined,
        continue: next,
      },
      retry: true,
      ...bounds,
    };
    const answer = await transport.call(call);
    try {
      const page = pageIn(call, answer, type);
      pages.push(page);
      next = page.next;
    } catch (error) {
      if (!isGone(error) || next === undefined || restarts === LIST_RESTARTS) throw error;
      restarts += 1;
      pages = [];
      next = undefined;
      continue;
    }
    // Parsing a page is the longest synchronous piece of work here: others run between two of them.
    if (next !== undefined) await nextTurn();
  } while (next !== undefined || pages.length === 0);
  for (const page of pages) {
    yield page;
    await nextTurn();
  }
}
