import { describe, expect, it } from "vitest";
import { anAgent, NOON, noonPlus } from "../../test/builders.ts";
import type { AgentSpec } from "../api/v1alpha1/agent.ts";
import type { Container, PersistentVolumeClaim } from "../kube/types-core.ts";
import { checkoutScript } from "./checkout.ts";
import { claimOf, podTemplate } from "./pod.ts";
import { freshWorkspaceSince, isStaleWorkspace } from "./workspace.ts";

type Workspace = NonNullable<AgentSpec["workspace"]>;

const url = "https://git.example.com/acme/shop.git";
const secretRef = { name: "git-credentials" };
const persistent = { size: "5Gi" };

const podOf = (workspace: Workspace, more: Partial<AgentSpec> = {}, images = {}) =>
  podTemplate(anAgent({ spec: { workspace, ...more } }), images).spec;

function checkoutOf(git: NonNullable<Workspace["git"]>, more: Partial<AgentSpec> = {}, images = {}): Container {
  const [container, ...others] = podOf({ git }, more, images).initContainers ?? [];
  expect(others).toEqual([]);
  if (container === undefined) throw new Error("the Pod has no init container");
  return container;
}

const valuesOf = ({ env = [] }: Container) => Object.fromEntries(env.map(({ name, value }) => [name, value]));

/** The settings that GIT_CONFIG_COUNT and its variables hand to git, in order. */
function gitConfigOf(container: Container): readonly (readonly string[])[] {
  const values = valuesOf(container);
  return Array.from({ length: Number(values["GIT_CONFIG_COUNT"]) }, (_, index) => [
    values[`GIT_CONFIG_KEY_${index}`] ?? "",
    values[`GIT_CONFIG_VALUE_${index}`] ?? "",
  ]);
}

/** What a process gets of a text that Kubernetes expands: $$ is a dollar, and no $(NAME) is left. */
function expanded(text: string): string {
  expect(text.replaceAll("$$", "")).not.toContain("$(");
  return text.replaceAll("$$", () => "$");
}

describe("the checkout of a git workspace", () => {
  it("is an init container as restricted as the agent's own, in the working directory, with its words on failure", () => {
    expect(checkoutOf({ url })).toMatchObject({
      name: "workspace-git",
      workingDir: "/workspace",
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        readOnlyRootFilesystem: true,
      },
      terminationMessagePolicy: "FallbackToLogsOnError",
      volumeMounts: [
        { name: "workspace", mountPath: "/workspace" },
        { name: "tmp", mountPath: "/tmp" },
      ],
    });
  });

  it("runs the script as it was written, though Kubernetes expands $(NAME)", () => {
    const [shell, flag, script = ""] = checkoutOf({ url }).command ?? [];
    expect([shell, flag, expanded(script)]).toEqual(["/bin/sh", "-c", checkoutScript]);
  });

  it("hands address and ref on as they were written", () => {
    const { GIT_URL, GIT_REF } = valuesOf(checkoutOf({ url: `${url}?$(HOME)`, ref: "cost/$5" }));
    expect([GIT_URL, GIT_REF]).toEqual([`${url}?$$(HOME)`, "cost/$$5"]);
  });

  it("is of the default branch where no ref is named", () => {
    expect(valuesOf(checkoutOf({ url }))["GIT_REF"]).toBe("HEAD");
  });

  it("uses the image that the operator was given for git, and one with git where it was given none", () => {
    expect(checkoutOf({ url }, {}, { git: "mirror.example/git:2" }).image).toBe("mirror.example/git:2");
    expect(checkoutOf({ url }).image).toMatch(/git/);
  });

  it("gets no more than the agent's own resources", () => {
    const resources = { limits: { memory: "64Mi" } };
    expect(checkoutOf({ url }, { resources }).resources).toEqual(resources);
    expect(checkoutOf({ url })).not.toHaveProperty("resources");
  });

  it("cannot ask anybody, speaks only http and https, and gives up on a server that falls silent", () => {
    expect(valuesOf(checkoutOf({ url }))).toMatchObject({ GIT_TERMINAL_PROMPT: "0", GIT_ALLOW_PROTOCOL: "https:http" });
    expect(gitConfigOf(checkoutOf({ url }))).toEqual(
      expect.arrayContaining([
        ["http.lowSpeedLimit", "1000"],
        ["http.lowSpeedTime", "60"],
      ]),
    );
  });

  it("is absent without workspace.git", () => {
    expect(podOf({})).not.toHaveProperty("initContainers");
    expect(podOf({ persistent })).not.toHaveProperty("initContainers");
  });
});

describe("the credentials of a git workspace", () => {
  it("come from the Secret by reference: the password must be there, the user name may be", () => {
    expect((checkoutOf({ url, secretRef }).env ?? []).filter(({ valueFrom }) => valueFrom !== undefined)).toEqual([
      {
        name: "GIT_USERNAME",
        valueFrom: { secretKeyRef: { name: "git-credentials", key: "username", optional: true } },
      },
      {
        name: "GIT_PASSWORD",
        valueFrom: { secretKeyRef: { name: "git-credentials", key: "password", optional: false } },
      },
    ]);
  });

  it("are answered for the repository's address alone, from the environment", () => {
    const helpers = gitConfigOf(checkoutOf({ url, secretRef })).filter(([key = ""]) => key.startsWith("credential"));
    expect(helpers).toEqual([[`credential.${url}.helper`, expect.stringContaining("$$GIT_PASSWORD")]]);
  });

  it("are not asked for without a secretRef", () => {
    const container = checkoutOf({ url });
    expect((container.env ?? []).filter(({ valueFrom }) => valueFrom !== undefined)).toEqual([]);
    expect(gitConfigOf(container).filter(([key = ""]) => key.startsWith("credential"))).toEqual([]);
  });

  it("are not given to the agent", () => {
    const [agent] = podOf({ git: { url, secretRef } }).containers;
    expect(JSON.stringify(agent)).not.toMatch(/git-credentials|PASSWORD|credential/);
  });
});

describe("an agent with a git workspace", () => {
  const agentOf = (workspace: Workspace, env: AgentSpec["env"] = []): Container =>
    podOf(workspace, { env }).containers[0]!;

  it("may use git in it, though the folder is another user's", () => {
    expect(gitConfigOf(agentOf({ git: { url } }))).toEqual([["safe.directory", "/workspace"]]);
    expect(valuesOf(agentOf({ persistent }))).not.toHaveProperty("GIT_CONFIG_COUNT");
  });

  it("can have settings of its own in their place, each variable once", () => {
    const env = [
      { name: "GIT_CONFIG_COUNT", value: "1" },
      { name: "GIT_CONFIG_KEY_0", value: "user.name" },
      { name: "GIT_CONFIG_VALUE_0", value: "me" },
    ];
    const agent = agentOf({ git: { url } }, env);
    expect((agent.env ?? []).filter(({ name }) => name.startsWith("GIT_"))).toEqual(env);
  });
});

describe("the volume of a workspace", () => {
  it("is an empty folder that goes with the Pod, and the agent's own claim where it persists", () => {
    const volumeOf = (workspace: Workspace) => podOf(workspace).volumes?.[0];
    expect(volumeOf({})).toEqual({ name: "workspace", emptyDir: {} });
    expect(volumeOf({ persistent })).toEqual({
      name: "workspace",
      persistentVolumeClaim: { claimName: "sentinel-workspace" },
    });
  });

  it("is claimed once per agent, goes with it, and carries no more than was asked for", () => {
    expect(claimOf(anAgent({ spec: { workspace: { persistent } }, fleet: "night" }))).toEqual({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: {
        name: "sentinel-workspace",
        namespace: "default",
        labels: {
          "app.kubernetes.io/managed-by": "darkfactory",
          "darkfactory.dev/agent": "sentinel",
          "darkfactory.dev/layer": "Safety",
          "darkfactory.dev/fleet": "night",
        },
        annotations: { "darkfactory.dev/workspace-since": noonPlus(-3600) },
        ownerReferences: [
          expect.objectContaining({ kind: "Agent", name: "sentinel", uid: "uid-sentinel", controller: true }),
        ],
      },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "5Gi" } } },
    });
  });

  it("is of the storage class that was named", () => {
    const workspace = { persistent: { ...persistent, storageClassName: "fast" } };
    expect(claimOf(anAgent({ spec: { workspace } }))?.spec.storageClassName).toBe("fast");
  });

  it("needs no claim unless it persists", () => {
    expect(claimOf(anAgent({ spec: { workspace: { git: { url } } } }))).toBeUndefined();
    expect(claimOf(anAgent())).toBeUndefined();
  });

  it("has a claim whose name fits into 63 characters, however long the agent's", () => {
    const name = "a".repeat(52);
    expect(claimOf(anAgent({ name, spec: { workspace: { persistent } } }))?.metadata.name).toHaveLength(62);
  });
});

describe("a fresh workspace", () => {
  const since = (freshWorkspaceSince?: string) =>
    anAgent({
      spec: { workspace: { persistent } },
      status: freshWorkspaceSince === undefined ? {} : { freshWorkspaceSince },
    });
  const claim = (...[time]: Parameters<typeof since>) => claimOf(since(time))!;

  /** As the API server stores it. */
  function stored(made: PersistentVolumeClaim, creationTimestamp: string): PersistentVolumeClaim {
    return { ...made, metadata: { ...made.metadata, creationTimestamp } };
  }

  /** As an earlier version of the operator made it. */
  function unmarked(made: PersistentVolumeClaim): PersistentVolumeClaim {
    return { ...made, metadata: { ...made.metadata, annotations: {} } };
  }

  it("is wanted where a Restart came, in whichever second the claim was made, and once", () => {
    const before = stored(claim(), noonPlus(7));
    const restarted = freshWorkspaceSince(since(), NOON + 7_900);
    expect(isStaleWorkspace(before, claim())).toBe(false);
    expect(isStaleWorkspace(before, claim(restarted))).toBe(true);
    expect(isStaleWorkspace(stored(claim(restarted), noonPlus(7)), claim(restarted))).toBe(false);
  });

  it("is wanted though the clock was set back since the last, or runs behind the API server's", () => {
    const again = freshWorkspaceSince(since(noonPlus(60)), NOON);
    expect(isStaleWorkspace(stored(claim(noonPlus(60)), noonPlus(60)), claim(again))).toBe(true);
    const first = freshWorkspaceSince(since(), NOON - 7_200_000);
    expect(isStaleWorkspace(stored(claim(), noonPlus(0)), claim(first))).toBe(true);
  });

  it("is not made in place of a newer one by who has not seen its Restart yet", () => {
    expect(isStaleWorkspace(stored(claim(noonPlus(60)), noonPlus(61)), claim(noonPlus(0)))).toBe(false);
  });

  it("is told by the claim's creation where an earlier version made it", () => {
    const old = unmarked(stored(claim(), noonPlus(7)));
    expect(isStaleWorkspace(old, claim())).toBe(false);
    expect(isStaleWorkspace(old, claim(noonPlus(7)))).toBe(false);
    expect(isStaleWorkspace(old, claim(noonPlus(8)))).toBe(true);
  });
});
