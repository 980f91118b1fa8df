import type { Agent, AgentSpec } from "../api/v1alpha1/agent.ts";
import type { ObjectMeta } from "../kube/types.ts";
import type { Container, EnvVar, PersistentVolumeClaim, Pod, PodSpec } from "../kube/types-core.ts";
import { profiles } from "../tools/profiles.ts";
import { hashOf } from "./hash.ts";
import { annotation, controlledBy, label, managedBy } from "./labels.ts";
import { merge } from "./merge.ts";
import { containerSecurity, podSecurity, writable } from "./security.ts";
import { verbatim } from "./verbatim.ts";
import { checkoutContainer, trustWorkspace, workspaceClaim, workspaceVolume } from "./workspace.ts";

/** The image of each tool for agents that name none, and that of git for workspaces; set when the operator is installed. */
export type DefaultImages = Readonly<Partial<Record<AgentSpec["tool"] | "git", string>>>;

/** Kubernetes' own default (core/v1 terminationGracePeriodSeconds), and ours (C7). */
const GRACE_SECONDS = 30;

/** The container that runs the agent's tool; a podTemplate can reach it under this name. */
export const agentContainer = "agent";

/**
 * The hash of those fields of a spec that shape its Pod (L6). It is taken from the spec as written, not from the Pod as
 * built, so that an operator that builds it differently does not replace what runs.
 */
export function podHash(spec: AgentSpec): string {
  return hashOf({
    tool: spec.tool,
    image: spec.image,
    command: spec.command,
    args: spec.args,
    task: spec.task,
    model: spec.model,
    resources: spec.resources,
    env: spec.env,
    envFrom: spec.envFrom,
    workspace: spec.workspace,
    serviceAccountName: spec.serviceAccountName,
    imagePullSecrets: spec.imagePullSecrets,
    podTemplate: spec.podTemplate,
  });
}

/** The name of a Safety agent's n-th Pod (L5). An agent's name has at most 52 characters, so this fits into 63. */
export function podName(agent: string, start: number): string {
  return `${agent}-${start}`;
}

/** The start number in a Safety Pod's name; undefined for a name that podName would not give this agent. */
export function startOf(agent: string, pod: string): number | undefined {
  const number = pod.startsWith(`${agent}-`) ? pod.slice(agent.length + 1) : "";
  return /^[1-9]\d{0,9}$/.test(number) ? Number(number) : undefined;
}

/** The complete Pod of a Safety agent's n-th start. */
export function safetyPod(agent: Agent, start: number, images: DefaultImages): Pod {
  const template = podTemplate(agent, images);
  const image = imageOf(template.spec);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...template.metadata,
      name: podName(agent.metadata.name, start),
      ...(agent.metadata.namespace === undefined ? {} : { namespace: agent.metadata.namespace }),
      annotations: {
        ...template.metadata.annotations,
        [annotation.podHash]: podHash(agent.spec),
        ...(image === undefined ? {} : { [annotation.image]: image }),
      },
      ownerReferences: [controlledBy("Agent", { name: agent.metadata.name, uid: agent.metadata.uid ?? "" })],
    },
    spec: template.spec,
  };
}

/** What must be there before a Pod of the agent can be: the claim of its persistent workspace, if it has one. */
export function claimOf(agent: Agent): PersistentVolumeClaim | undefined {
  return workspaceClaim(agent, ownLabels(agent));
}

/** The image of the agent's container. An overlay may have left anything in its place: the API server refuses that, not we. */
function imageOf(spec: { readonly containers?: unknown }): string | undefined {
  const containers: readonly unknown[] = Array.isArray(spec.containers) ? spec.containers : [];
  const own = containers.find(
    (each): each is Partial<Container> => (each as Container | null)?.name === agentContainer,
  );
  return typeof own?.image === "string" ? own.image : undefined;
}

/** What a run adds to its agent's Pod. */
export interface RunInput {
  readonly name: string;
  readonly task: string | undefined;
}

/** What a Pod of an agent is made from: ours first, the user's podTemplate merged last (api.md), what identifies it ours again. */
export function podTemplate(
  agent: Agent,
  images: DefaultImages,
  run?: RunInput,
): { readonly metadata: Pick<ObjectMeta, "labels" | "annotations">; readonly spec: PodSpec } {
  const overlay = agent.spec.podTemplate;
  // The API server checks the result (a dry run before anything that runs is replaced): the overlay is opaque to us.
  const spec = merge(basePodSpec(agent, images, run), overlay?.spec) as PodSpec;
  return {
    metadata: {
      labels: { ...overlay?.metadata?.labels, ...ownLabels(agent) },
      annotations: { ...overlay?.metadata?.annotations },
    },
    spec: { ...spec, restartPolicy: "Never" },
  };
}

/** Labels that say whose a Pod, a Job or a run is. */
export function ownLabels(agent: Agent): Record<string, string> {
  const fleet = agent.metadata.labels?.[label.fleet];
  return {
    [label.managedBy]: managedBy,
    [label.agent]: agent.metadata.name,
    [label.layer]: agent.spec.layer,
    ...(fleet === undefined ? {} : { [label.fleet]: fleet }),
  };
}

function basePodSpec({ metadata, spec }: Agent, images: DefaultImages, run: RunInput | undefined): PodSpec {
  const checkout = checkoutContainer(spec, images.git);
  return {
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    securityContext: podSecurity,
    ...(spec.serviceAccountName === undefined ? {} : { serviceAccountName: spec.serviceAccountName }),
    ...(spec.imagePullSecrets === undefined ? {} : { imagePullSecrets: spec.imagePullSecrets }),
    ...(checkout.length === 0 ? {} : { initContainers: checkout }),
    containers: [container(spec, images, run)],
    volumes: writable.map(({ name }) =>
      name === "workspace" ? workspaceVolume(metadata.name, spec.workspace) : { name, emptyDir: {} },
    ),
  };
}

function container(spec: AgentSpec, images: DefaultImages, run: RunInput | undefined): Container {
  const start = profiles[spec.tool].start({
    task: verbatim(spec.task ?? ""),
    runTask: verbatim(run?.task ?? ""),
    model: spec.model === undefined ? undefined : verbatim(spec.model),
    command: spec.command ?? [],
    args: spec.args ?? [],
  });
  const image = spec.image ?? images[spec.tool];
  return {
    name: agentContainer,
    ...(image === undefined ? {} : { image }),
    ...(start.command.length === 0 ? {} : { command: start.command }),
    ...(start.args.length === 0 ? {} : { args: start.args }),
    workingDir: "/workspace",
    env: environment(spec, start.env, run),
    ...(spec.envFrom === undefined ? {} : { envFrom: spec.envFrom }),
    ...(spec.resources === undefined ? {} : { resources: spec.resources }),
    securityContext: containerSecurity,
    volumeMounts: writable,
  };
}

/** The tool's variables first, so that an agent's own `env` can override each of them. */
function environment(
  spec: AgentSpec,
  toolEnv: Readonly<Record<string, string>>,
  run: RunInput | undefined,
): readonly EnvVar[] {
  const ours = {
    HOME: "/home/agent",
    TMPDIR: "/tmp",
    ...(spec.task === undefined ? {} : { DARKFACTORY_TASK: verbatim(spec.task) }),
    ...(run === undefined ? {} : { DARKFACTORY_RUN: run.name }),
    ...(run?.task === undefined ? {} : { DARKFACTORY_RUN_TASK: verbatim(run.task) }),
    ...(spec.model === undefined ? {} : { DARKFACTORY_MODEL: verbatim(spec.model) }),
    ...toolEnv,
  };
  const theirs = spec.env ?? [];
  const overridden = new Set(theirs.map(({ name }) => name));
  const base = [...Object.entries(ours).map(([name, value]) => ({ name, value })), ...trustWorkspace(spec.workspace)];
  return [...base.filter(({ name }) => !overridden.has(name)), ...theirs];
}
