import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as yaml from "js-yaml";
import type { AgentManifest } from "../../src/api/v1alpha1/agent.ts";
import type { AgentFleetManifest } from "../../src/api/v1alpha1/agent-fleet.ts";
import type { Files } from "./git-source.ts";

const examples = join(import.meta.dirname, "..", "..", "examples");

type Entry = NonNullable<AgentFleetManifest["spec"]["agents"]>[number];

/** What stands in the folder agents/ of a user's repository: a fleet, and agents that stand alone. */
export interface Repository {
  readonly fleet: AgentFleetManifest;
  readonly agents: readonly AgentManifest[];
}

/** The fleet of the README, and the least agent that there is. */
export async function exampleRepository(): Promise<Repository> {
  const read = async <T>(name: string): Promise<T> => yaml.load(await readFile(join(examples, name), "utf8")) as T;
  return {
    fleet: await read<AgentFleetManifest>("fleet.yaml"),
    agents: [await read<AgentManifest>("agent-minimal.yaml")],
  };
}

/** One file for each object. */
export const filesOf = ({ fleet, agents }: Repository): Files =>
  Object.fromEntries([fleet, ...agents].map((each) => [`agents/${each.metadata.name}.yaml`, yaml.dump(each)]));

/** The fleet with what `change` makes of its entries. */
export function withEntries({ fleet }: Repository, change: (entries: readonly Entry[]) => Entry[]): AgentFleetManifest {
  return { ...fleet, spec: { ...fleet.spec, agents: change(fleet.spec.agents ?? []) } };
}

/** The fleet with some fields of one entry exchanged. */
export function withEntry(repository: Repository, name: string, fields: Partial<Entry>): AgentFleetManifest {
  return withEntries(repository, (entries) =>
    entries.map((entry) => (entry.name === name ? { ...entry, ...fields } : entry)),
  );
}

/** The agents that stand alone, with some fields of one exchanged. */
export function withAgent(
  { agents }: Repository,
  name: string,
  fields: Partial<AgentManifest["spec"]>,
): readonly AgentManifest[] {
  return agents.map((each) => (each.metadata.name === name ? { ...each, spec: { ...each.spec, ...fields } } : each));
}
