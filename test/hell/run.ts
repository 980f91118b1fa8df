import { join } from "node:path";
import * as fc from "fast-check";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { agentRunResource } from "../../src/api/v1alpha1/agent-run.ts";
import { apiVersion } from "../../src/api/v1alpha1/object.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { collectionPath } from "../../src/kube/resource-path.ts";
import type { ResourceType } from "../../src/kube/types.ts";
import { inLanes } from "../bench/objects.ts";
import { type Person, personIn } from "../chaos/person.ts";
import { keepOperators, type Operators } from "../chaos/operators.ts";
import type { Theatre } from "../chaos/theatre.ts";
import { openNamespace } from "../cluster/in-cluster.ts";
import { NotReached, until } from "../until.ts";
import { checkChanges } from "./changes.ts";
import { CANARY, changes, ENTRY, type HellKind, type HellManifest, manifests, type Temper } from "./manifests.ts";
import { faultOfRefusal, hasVerdict, mistakes } from "./verdict.ts";

export interface HellOptions {
  readonly seed: number;
  readonly count: number;
  /** Agents that are changed from one spec to another. */
  readonly changes: number;
  readonly log: (line: string) => void;
}

export interface HellFinding {
  /** The number of the manifest that shows it. */
  readonly index: number;
  readonly what: string;
  readonly manifest: string;
}

export interface HellOutcome {
  readonly seed: number;
  /** How many of each temper were refused at admission, and taken. */
  readonly counts: ReadonlyMap<Temper, { readonly refused: number; readonly taken: number }>;
  readonly changed: number;
  readonly findings: readonly HellFinding[];
}

export const resources: Readonly<Record<HellKind, ResourceType>> = {
  Agent: agentResource,
  AgentFleet: agentFleetResource,
  AgentRun: agentRunResource,
};

/** Manifests that are sent, and judged, together. */
const TOGETHER = 80;
const LANES = 8;
/** How long an object may go without a word of how it stands. */
const PATIENCE_MS = 180_000;
const NAMESPACE = "hell";

/** Sends manifests of every temper to a cluster on which the operator runs, and judges what becomes of each. */
export async function runHell({ cluster, client, folder }: Theatre, options: HellOptions): Promise<HellOutcome> {
  const { seed, count, log } = options;
  await openNamespace(client, NAMESPACE);
  const person = personIn(NAMESPACE, client);
  const operators = keepOperators({
    kubeconfig: cluster.kubeconfig,
    args: ["--namespaces", NAMESPACE, "--leader-elect", "false"],
    logFile: join(folder, "hell.log"),
  });
  await person.apply(agentResource, canary as never);
  const samples = fc.sample(manifests, { seed, numRuns: count });
  const findings: HellFinding[] = [];
  const counts = new Map<Temper, { refused: number; taken: number }>();
  for (let from = 0; from < count; from += TOGETHER) {
    const batch = samples.slice(from, from + TOGETHER).map((manifest, n) => ({ manifest, index: from + n }));
    findings.push(...(await sendAll(person, batch, counts)), ...(await canaryWorks(person, from)));
    if (from % 1000 === 0 && from > 0) log(`hell: ${from} of ${count} manifests, ${findings.length} findings`);
  }
  const pairs = fc.sample(changes, { seed, numRuns: options.changes });
  findings.push(...(await checkChanges(person, pairs, log)));
  findings.push(...(await operatorIsWell(operators)));
  return { seed, counts, changed: pairs.length, findings };
}

interface Sent {
  readonly manifest: HellManifest;
  readonly index: number;
}

/** One batch: all are created, each is waited for, and all are removed. */
async function sendAll(
  person: Person,
  batch: readonly Sent[],
  counts: Map<Temper, { refused: number; taken: number }>,
): Promise<readonly HellFinding[]> {
  const findings: HellFinding[] = [];
  const taken: Sent[] = [];
  await inLanes(batch.length, LANES, async (n) => {
    const sent = batch[n];
    if (sent === undefined) return;
    const { temper } = sent.manifest;
    const count = counts.get(temper) ?? { refused: 0, taken: 0 };
    counts.set(temper, count);
    const refusal = await send(person, sent);
    if (refusal === undefined) {
      count.taken += 1;
      taken.push(sent);
      return;
    }
    count.refused += 1;
    const fault = faultOfRefusal(refusal);
    if (fault !== undefined) findings.push(finding(sent, fault));
  });
  const silent = await withoutVerdict(person, taken);
  findings.push(...silent.map((sent) => finding(sent, "was taken, and nothing says how it stands")));
  await inLanes(taken.length, LANES, async (n) => {
    const sent = taken[n];
    if (sent !== undefined) await person.remove(resources[sent.manifest.kind], nameOf(sent));
  });
  return findings;
}

/** Names of hostile hands are their own; all others tell the manifest's number. */
const nameOf = ({ manifest, index }: Sent): string => manifest.name ?? `hell-${index}`;

/** Creates it as it is, whatever it is; gives the refusal, or undefined when it was taken. */
async function send(person: Person, sent: Sent) {
  const { kind, spec } = sent.manifest;
  const metadata = { name: nameOf(sent), namespace: NAMESPACE };
  // A fleet's entries are named after it, so that no two fleets want the same agent.
  const text = JSON.stringify({ apiVersion, kind, metadata, spec }).replaceAll(ENTRY, `entry-${sent.index}-`);
  try {
    await person.client.raw("POST", collectionPath(resources[kind], NAMESPACE), JSON.parse(text));
    return undefined;
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    const fields = (error.details?.causes ?? []).map(({ field = "" }) => field);
    return { code: error.code, message: error.message, fields };
  }
}

/** Waits for all to say how they stand; gives those that never do. */
async function withoutVerdict(person: Person, taken: readonly Sent[]): Promise<readonly Sent[]> {
  let left = taken;
  const allSpeak = async (): Promise<boolean> => {
    const kinds = [...new Set(left.map(({ manifest }) => manifest.kind))];
    const lists = await Promise.all(kinds.map(async (kind) => [kind, await person.list(resources[kind])] as const));
    const speaking = new Set(
      lists.flatMap(([kind, objects]) =>
        objects.filter((object) => hasVerdict(kind, object)).map(({ metadata }) => `${kind} ${metadata.name}`),
      ),
    );
    left = left.filter((sent) => !speaking.has(`${sent.manifest.kind} ${nameOf(sent)}`));
    return left.length === 0;
  };
  try {
    await until("each says how it stands", allSpeak, PATIENCE_MS);
  } catch (error) {
    if (!(error instanceof NotReached)) throw error;
  }
  return left;
}

const canary = {
  metadata: { name: CANARY },
  spec: {
    layer: "Growth",
    tool: "text",
    image: "darkfactory.test/busybox:1",
    command: ["sh", "-c"],
    task: "sing",
    runLimits: { keepSucceeded: 1 },
    podTemplate: { metadata: { annotations: { "sim.darkfactory.dev/run": "50ms" } } },
  },
};

/** A run of a sound agent still comes through: nothing that was sent blocks another. */
async function canaryWorks(person: Person, from: number): Promise<readonly HellFinding[]> {
  const name = `song-${from}`;
  await person.apply(agentRunResource, { metadata: { name }, spec: { agentRef: { name: CANARY } } } as never);
  try {
    await person.untilComplete(name);
    return [];
  } catch (error) {
    if (!(error instanceof NotReached)) throw error;
    const what = `after manifests ${from} to ${from + TOGETHER - 1} a run of a sound agent did not come through`;
    return [{ index: from, what, manifest: "" }];
  }
}

/** The operator lives, and says nothing that tells of a mistake of its own. */
async function operatorIsWell(operators: Operators): Promise<readonly HellFinding[]> {
  const ends = await operators.stop();
  const said = mistakes((await operators.logs()).map(({ text }) => text)).slice(0, 5);
  return [...ends, ...said].map((what) => ({ index: -1, what, manifest: "" }));
}

/** How much of a manifest is shown. */
const SHOWN = 1500;

function finding({ manifest, index }: Sent, what: string): HellFinding {
  const text = JSON.stringify(manifest);
  return { index, what, manifest: text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…` };
}
