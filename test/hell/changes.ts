import type { Agent } from "../../src/api/v1alpha1/agent.ts";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { isInvalid } from "../../src/kube/errors.ts";
import type { Pod } from "../../src/kube/types-core.ts";
import type { Stored } from "../../src/kube/types.ts";
import { annotation } from "../../src/workloads/labels.ts";
import type { Person } from "../chaos/person.ts";
import { NotReached, until } from "../until.ts";
import type { Json } from "./from-schema.ts";
import type { HellFinding } from "./run.ts";
import { hasVerdict } from "./verdict.ts";

type Fields = Readonly<Record<string, Json>>;

/** Holds an agent that was changed from one spec to another against one that was created with the second. */
export async function checkChanges(
  person: Person,
  pairs: readonly (readonly [Fields, Fields])[],
  log: (line: string) => void,
): Promise<readonly HellFinding[]> {
  const findings: HellFinding[] = [];
  for (const [index, [first, second]] of pairs.entries()) {
    const [changed, created] = [`changed-${index}`, `created-${index}`];
    try {
      await apply(person, changed, first);
      await settled(person, changed);
      await apply(person, changed, second);
      await apply(person, created, second);
      const states = [await settled(person, changed), await settled(person, created)];
      if (states[0] !== states[1]) {
        const what = `changed to a spec it is ${states[0]}, created with it ${states[1]}`;
        findings.push({ index, what, manifest: JSON.stringify([first, second]).slice(0, 3000) });
      }
    } catch (error) {
      if (error instanceof NotReached) {
        findings.push({ index, what: error.message, manifest: JSON.stringify([first, second]).slice(0, 3000) });
      } else if (!isInvalid(error)) throw error;
    }
    await Promise.all([changed, created].map((name) => person.remove(agentResource, name)));
    if ((index + 1) % TOLD === 0) log(`hell: ${index + 1} of ${pairs.length} changes, ${findings.length} findings`);
  }
  return findings;
}

const apply = (person: Person, name: string, spec: Fields): Promise<Stored> =>
  person.apply(agentResource, { metadata: { name }, spec } as never);

/** One change of so many is told while it goes on. */
const TOLD = 20;

/** How long an agent may take to come to rest, old Pods and cooldown included. */
const PATIENCE_MS = 180_000;

/** What an agent came to: its Ready condition and the Pod that it has, without names. */
async function settled(person: Person, name: string): Promise<string> {
  let state = "";
  await until(
    `agent ${name} comes to rest`,
    async () => {
      const agent = await person.agent(name);
      if (agent === undefined || !hasVerdict("Agent", agent)) return false;
      const conditions = agent.status?.conditions ?? [];
      if (conditions.some(({ type, status }) => type === "Reconciling" && status === "True")) return false;
      const pods = await person.podsOf(name);
      if (pods.some(({ metadata }) => metadata.deletionTimestamp !== undefined)) return false;
      state = JSON.stringify({
        ...standing(agent),
        ...(isRefused(agent) ? {} : { pods: pods.map((pod) => bare(pod, name)) }),
      });
      return true;
    },
    PATIENCE_MS,
  );
  return state;
}

/** What ran before a spec whose Pod the API server refuses runs on: one that was created with that spec has nothing that could. */
function isRefused({ status }: Stored<Agent>): boolean {
  return status?.conditions?.some(({ type, reason }) => type === "Ready" && reason === "PodRefused") === true;
}

function standing({ spec, status }: Stored<Agent>): object {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return { spec: withoutEmpty(spec), ready: [ready?.status, ready?.reason] };
}

/** Of a list that is taken away by server-side apply the API server leaves an empty one, which means the same. */
function withoutEmpty(spec: object): object {
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => !Array.isArray(value) || value.length > 0));
}

function bare({ metadata, spec }: Stored<Pod>, agent: string): object {
  const { nodeName: _node, ...rest } = spec;
  const text = JSON.stringify({
    hash: metadata.annotations?.[annotation.podHash],
    labels: metadata.labels,
    spec: rest,
  });
  // A token's volume has a random name.
  return JSON.parse(
    text
      .replaceAll(metadata.name, "POD")
      .replaceAll(agent, "AGENT")
      .replace(/kube-api-access-\w+/g, "TOKEN"),
  ) as object;
}
