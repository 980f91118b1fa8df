import type { Agent, AgentSpec } from "../api/v1alpha1/agent.ts";
import type { Container, EnvVar, PersistentVolumeClaim, Volume } from "../kube/types-core.ts";
import { type Instant, MILLISECONDS } from "../schedule/instant.ts";
import { checkoutScript } from "./checkout.ts";
import { annotation, controlledBy } from "./labels.ts";
import { containerSecurity } from "./security.ts";
import { fromInstant, toInstant } from "./time.ts";
import { verbatim } from "./verbatim.ts";

type Workspace = NonNullable<AgentSpec["workspace"]>;
type Git = NonNullable<Workspace["git"]>;

/** The init container that checks the repository out; its failure is told by this name, and a podTemplate can reach it. */
export const workspaceContainer = "workspace-git";

/** The working directory of the agent. */
const WORKSPACE = "/workspace";

/** An image with git and a shell, where --default-images names none. */
const GIT_IMAGE = "docker.io/alpine/git:v2.49.1";

/** Keys of a Secret with credentials for a repository: those of type kubernetes.io/basic-auth. */
const SECRET_KEYS = { user: "username", password: "password" } as const;

/** Answers git's credential protocol (gitcredentials(7)) from the environment: the password is written nowhere. */
const CREDENTIAL_HELPER = `!f() { printf 'username=%s\\npassword=%s\\n' "\${GIT_USERNAME:-git}" "$GIT_PASSWORD"; }; f`;

/** git refuses to work in another user's folder, as a volume's top folder is, unless it is told to trust it. */
const TRUST = ["safe.directory", WORKSPACE] as const;

/** The volume behind the working directory: the agent's own claim, or an empty folder that goes with the Pod. */
export function workspaceVolume(agentName: string, workspace: AgentSpec["workspace"]): Volume {
  if (workspace?.persistent === undefined) return { name: "workspace", emptyDir: {} };
  return { name: "workspace", persistentVolumeClaim: { claimName: claimName(agentName) } };
}

/** An agent's name has at most 52 characters, so this fits into 63. */
export function claimName(agentName: string): string {
  return `${agentName}-workspace`;
}

/** The claim of an agent's persistent workspace; undefined where it has none. It goes with the agent. */
export function workspaceClaim(
  agent: Agent,
  labels: Readonly<Record<string, string>>,
): PersistentVolumeClaim | undefined {
  const persistent = agent.spec.workspace?.persistent;
  if (persistent === undefined) return undefined;
  const { name, namespace, uid = "" } = agent.metadata;
  const { size, storageClassName } = persistent;
  const since = workspaceSince(agent);
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: claimName(name),
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      ...(since === undefined ? {} : { annotations: { [annotation.workspaceSince]: since } }),
      ownerReferences: [controlledBy("Agent", { name, uid })],
    },
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: size } },
      ...(storageClassName === undefined ? {} : { storageClassName }),
    },
  };
}

/** Since when the agent is to have the workspace that it has: the last Restart, or the agent's own begin. RFC 3339. */
function workspaceSince({ metadata, status }: Agent): string | undefined {
  return status?.freshWorkspaceSince ?? metadata.creationTimestamp;
}

/**
 * What status.freshWorkspaceSince says of a Restart: now, or a second after the workspace that the agent has, where the clock
 * was set back or is behind the API server's, so that a fresh one is told from it.
 */
export function freshWorkspaceSince(agent: Agent, now: Instant): string {
  const before = workspaceSince(agent);
  const earliest = before === undefined ? now : toInstant(before) + MILLISECONDS.perSecond;
  return fromInstant(Math.max(now, earliest));
}

/**
 * Whether a Restart asked for a workspace since this one was made. By what the claims themselves say: the API server's own
 * time of creation has whole seconds and another clock, and tells only of a claim that was made before that was written.
 */
export function isStaleWorkspace(there: PersistentVolumeClaim, wanted: PersistentVolumeClaim): boolean {
  const has = there.metadata.annotations?.[annotation.workspaceSince] ?? there.metadata.creationTimestamp;
  const wants = wanted.metadata.annotations?.[annotation.workspaceSince];
  return has !== undefined && wants !== undefined && toInstant(has) < toInstant(wants);
}

/** The init container for workspace.git; none without it. It gets no more than the agent's own resources. */
export function checkoutContainer(
  { workspace, resources }: Pick<AgentSpec, "workspace" | "resources">,
  image: string | undefined,
): readonly Container[] {
  const git = workspace?.git;
  if (git === undefined) return [];
  return [
    {
      name: workspaceContainer,
      image: image ?? GIT_IMAGE,
      command: ["/bin/sh", "-c", verbatim(checkoutScript)],
      workingDir: WORKSPACE,
      env: [
        { name: "HOME", value: "/tmp" },
        { name: "GIT_URL", value: verbatim(git.url) },
        { name: "GIT_REF", value: verbatim(git.ref ?? "HEAD") },
        { name: "GIT_ALLOW_PROTOCOL", value: "https:http" },
        { name: "GIT_TERMINAL_PROMPT", value: "0" },
        ...gitConfig([
          TRUST,
          // It would go on in the background, and the container ends.
          ["maintenance.auto", "false"],
          // A server that falls silent (less than 1 kB/s for a minute) fails the checkout.
          ["http.lowSpeedLimit", "1000"],
          ["http.lowSpeedTime", "60"],
          ...credentialHelper(git),
        ]),
        ...credentials(git),
      ],
      ...(resources === undefined ? {} : { resources }),
      securityContext: containerSecurity,
      // What git says of a checkout that failed shows in the run's message; it never prints a password.
      terminationMessagePolicy: "FallbackToLogsOnError",
      volumeMounts: [
        { name: "workspace", mountPath: WORKSPACE },
        { name: "tmp", mountPath: "/tmp" },
      ],
    },
  ];
}

/** What an agent needs to use git in its checkout. */
export function trustWorkspace(workspace: AgentSpec["workspace"]): readonly EnvVar[] {
  return workspace?.git === undefined ? [] : gitConfig([TRUST]);
}

/** Settings of git that are written into no file (git-config(1), GIT_CONFIG_COUNT). */
function gitConfig(settings: readonly (readonly [key: string, value: string])[]): readonly EnvVar[] {
  return [
    { name: "GIT_CONFIG_COUNT", value: String(settings.length) },
    ...settings.flatMap(([key, value], index) => [
      { name: `GIT_CONFIG_KEY_${index}`, value: verbatim(key) },
      { name: `GIT_CONFIG_VALUE_${index}`, value: verbatim(value) },
    ]),
  ];
}

/** For this address alone: a server that it redirects to gets no password. */
function credentialHelper({ url, secretRef }: Git): readonly (readonly [string, string])[] {
  return secretRef === undefined ? [] : [[`credential.${url}.helper`, CREDENTIAL_HELPER]];
}

function credentials({ secretRef }: Git): readonly EnvVar[] {
  if (secretRef === undefined) return [];
  const from = (key: string, optional: boolean) => ({ secretKeyRef: { name: secretRef.name, key, optional } });
  return [
    { name: "GIT_USERNAME", valueFrom: from(SECRET_KEYS.user, true) },
    { name: "GIT_PASSWORD", valueFrom: from(SECRET_KEYS.password, false) },
  ];
}
