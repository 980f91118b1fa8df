import type { AgentFleet } from "../../api/v1alpha1/agent-fleet.ts";
import type { Stored } from "../../kube/types.ts";
import type { Instant } from "../../runtime/contract.ts";
import type { StoredAgent } from "../agent/observed.ts";
import type { Storm } from "../../nightwatch/storm.ts";

export type StoredFleet = Stored<AgentFleet>;

/** All that the AgentFleet controller looked at before deciding. */
export interface Observed {
  readonly fleet: StoredFleet;
  /** The agents that this fleet controls (owner uid checked). */
  readonly owned: readonly StoredAgent[];
  /** Agents that stand under an entry's name and are not ours (F2). */
  readonly foreign: readonly StoredAgent[];
  /** Entries that the API server refused the last time they were applied, with its words (F5). */
  readonly refused: ReadonlyMap<string, Refusal>;
  /** The storm that is on: nothing is corrected in the fleet meanwhile (C6). */
  readonly storm?: Storm | undefined;
  /** The last one that is over. */
  readonly endedStorm?: Storm | undefined;
}

/** The API server's no to one entry; it holds for the entry as it was, over the Agent as it was, and for a while. */
export interface Refusal {
  readonly hash: string;
  /** uid of the Agent that the entry was applied over; undefined: there was none. */
  readonly over: string | undefined;
  readonly reason: string;
  readonly message: string;
  /** How long after this answer to ask again, in milliseconds, and when that is. */
  readonly retryMs: number;
  readonly retryAt: Instant;
}

/** One entry of status.invalidAgents. */
export interface InvalidAgent {
  readonly name: string;
  readonly reason: string;
  readonly message: string;
}
