import type { AgentRunStatus } from "../../api/v1alpha1/agent-run.ts";
import { addTally, emptyTally, type Tally } from "../../nightwatch/tally.ts";
import { streamOf } from "../../telemetry/log-stream.ts";
import type { ReadLog } from "../../telemetry/read-log.ts";
import { type ToolName, profiles } from "../../tools/profiles.ts";
import type { RunVerdict } from "../../tools/reader.ts";
import { hasEnded as podHasEnded } from "../../workloads/pod-end.ts";
import { exitCodeOf } from "../../workloads/agent-container.ts";
import { toInstant } from "../../workloads/time.ts";
import type { StoredPod } from "../agent/observed.ts";
import { type Observed, type Output, statusBefore } from "./observed.ts";

/**
 * Reads what a run's Pods wrote since the cursor in its status, one Pod after the other in the order in which they started,
 * so that a retry goes on where the Pod before it ended (S5).
 */
export async function readOutput(
  readLog: ReadLog,
  { run, pods }: Observed,
  tool: ToolName,
  signal: AbortSignal,
): Promise<Output> {
  const before = statusBefore(run);
  let cursor: AgentRunStatus["cursor"] = before.cursor;
  let tally = tallyOf(before);
  let verdict: RunVerdict | undefined;
  let hasMore = false;
  let bytes = 0;
  for (const pod of fromCursor(pods, cursor)) {
    const stream = streamOf(pod);
    // One that was evicted before it began wrote nothing; one that has not begun may still.
    if (stream === undefined && podHasEnded(pod)) continue;
    if (stream === undefined) break;
    const read = await readLog({ stream, saved: cursor, tool: profiles[tool], signal });
    // A Pod that is gone took its log with it: what is left of it cannot be known, and those after it can.
    if (!read.ok && read.isGone) continue;
    if (!read.ok)
      return { tally, cursor, hasMore, bytes, isBusy: read.isBusy === true && bytes === 0, unread: read.message };
    cursor = read.cursor;
    tally = addTally(tally, read.tally);
    hasMore = read.isMore;
    bytes += read.bytes;
    if (read.failure !== undefined) return { tally, cursor, hasMore, bytes, unread: read.failure };
    if (hasMore) break;
    verdict = stream.hasEnded ? read.reader.end(exitCodeOf(pod)) : undefined;
  }
  return { tally, cursor, hasMore, bytes, ...(verdict === undefined ? {} : { verdict }) };
}

/** The fields of a run's status that speak of its output. What its tool cannot tell stays untold. */
export function outputFields({ tally, cursor }: Output, tool: ToolName): Partial<AgentRunStatus> {
  const { lines, errorLines, commands, failedCommands, apiErrors, rateLimits, usage, result } = tally;
  const { shows } = profiles[tool];
  const { summary, sessionID } = result;
  const told = {
    ...(summary === undefined ? {} : { summary }),
    ...(sessionID === undefined ? {} : { sessionID }),
  };
  return {
    ...(cursor === undefined ? {} : { cursor }),
    signals: {
      lines,
      errorLines,
      ...(shows.commands ? { commands, failedCommands } : {}),
      ...(shows.apiErrors ? { apiErrors } : {}),
      rateLimits,
    },
    ...(Object.keys(usage).length === 0 ? {} : { usage }),
    ...(Object.keys(told).length === 0 ? {} : { result: told }),
  };
}

/** The pods from the one that the cursor stands in; where that one is gone, those that were made after what it counted. */
function fromCursor(pods: readonly StoredPod[], cursor: AgentRunStatus["cursor"]): readonly StoredPod[] {
  const at = pods.findIndex(({ metadata }) => cursor?.container?.startsWith(`${metadata.uid}/`) === true);
  if (at >= 0) return pods.slice(at);
  const time = cursor?.time;
  if (time === undefined) return pods;
  // Creation is told in whole seconds.
  return pods.filter(({ metadata }) => toInstant(metadata.creationTimestamp) + 1000 > toInstant(time));
}

function tallyOf({ signals, usage, result }: AgentRunStatus): Tally {
  return { ...emptyTally, ...signals, usage: { ...usage }, result: { ...result } };
}
