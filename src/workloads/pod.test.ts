import { describe, expect, it } from "vitest";
import { anAgent } from "../../test/builders.ts";
import type { AgentSpec } from "../api/v1alpha1/agent.ts";
import type { Container, Pod } from "../kube/types-core.ts";
import { annotation } from "./labels.ts";
import { podHash, podName, podTemplate, safetyPod, startOf } from "./pod.ts";

const podOf = (spec: Partial<AgentSpec> = {}, images = {}): Pod => safetyPod(anAgent({ spec }), 1, images);

function containerOf(pod: Pod): Container {
  const container = pod.spec.containers.find(({ name }) => name === "agent");
  if (container === undefined) throw new Error("the Pod has no container called agent");
  return container;
}

const envOf = (pod: Pod) => Object.fromEntries((containerOf(pod).env ?? []).map(({ name, value }) => [name, value]));

describe("a Safety agent's Pod", () => {
  it("is whole: named by its start, owned, labelled, restricted, with room to write", () => {
    expect(safetyPod(anAgent({ fleet: "night" }), 12, {})).toEqual({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: "sentinel-12",
        namespace: "default",
        labels: {
          "app.kubernetes.io/managed-by": "darkfactory",
          "darkfactory.dev/agent": "sentinel",
          "darkfactory.dev/layer": "Safety",
          "darkfactory.dev/fleet": "night",
        },
        annotations: {
          "darkfactory.dev/pod-hash": podHash(anAgent().spec),
          "darkfactory.dev/image": "darkfactory.test/busybox:1",
        },
        ownerReferences: [
          {
            apiVersion: "darkfactory.dev/v1alpha1",
            kind: "Agent",
            name: "sentinel",
            uid: "uid-sentinel",
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: {
        restartPolicy: "Never",
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        terminationGracePeriodSeconds: 30,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 65532,
          runAsGroup: 65532,
          fsGroup: 65532,
          seccompProfile: { type: "RuntimeDefault" },
        },
        containers: [
          {
            name: "agent",
            image: "darkfactory.test/busybox:1",
            command: ["/bin/sh", "-c"],
            args: ["sleep 1"],
            workingDir: "/workspace",
            env: [
              { name: "HOME", value: "/home/agent" },
              { name: "TMPDIR", value: "/tmp" },
              { name: "DARKFACTORY_TASK", value: "sleep 1" },
            ],
            securityContext: {
              allowPrivilegeEscalation: false,
              capabilities: { drop: ["ALL"] },
              readOnlyRootFilesystem: true,
            },
            volumeMounts: [
              { name: "workspace", mountPath: "/workspace" },
              { name: "home", mountPath: "/home/agent" },
              { name: "tmp", mountPath: "/tmp" },
            ],
          },
        ],
        volumes: [
          { name: "workspace", emptyDir: {} },
          { name: "home", emptyDir: {} },
          { name: "tmp", emptyDir: {} },
        ],
      },
    });
  });

  it("takes what the spec says of its container and account", () => {
    const spec = {
      resources: { limits: { memory: "2Gi" } },
      envFrom: [{ secretRef: { name: "keys" } }],
      serviceAccountName: "reader",
      imagePullSecrets: [{ name: "pull" }],
    };
    const pod = podOf(spec);
    expect(containerOf(pod)).toMatchObject({ resources: spec.resources, envFrom: spec.envFrom });
    expect(pod.spec).toMatchObject({ serviceAccountName: "reader", imagePullSecrets: [{ name: "pull" }] });
    expect(pod.spec.automountServiceAccountToken).toBe(false);
  });

  it("uses the tool's image where the agent names none, and none where the operator knows none", () => {
    const { image: _, ...spec } = anAgent().spec;
    const imageless = { ...anAgent(), spec };
    expect(containerOf(safetyPod(imageless, 1, { text: "tool:1" })).image).toBe("tool:1");
    expect(containerOf(safetyPod(imageless, 1, {}))).not.toHaveProperty("image");
    expect(containerOf(podOf({ image: "own:1" }, { text: "tool:1" })).image).toBe("own:1");
  });

  it("gives the tool its variables, and lets an agent override each", () => {
    const env = [{ name: "IS_SANDBOX", value: "0" }];
    const pod = podOf({ tool: "claude", command: [], model: "m", env });
    const { IS_SANDBOX, HOME, DARKFACTORY_MODEL } = envOf(pod);
    expect({ IS_SANDBOX, HOME, DARKFACTORY_MODEL }).toEqual({
      IS_SANDBOX: "0",
      HOME: "/home/agent",
      DARKFACTORY_MODEL: "m",
    });
    expect(containerOf(pod).env?.filter(({ name }) => name === "IS_SANDBOX")).toHaveLength(1);
  });

  it("hands on task and model as they were written, though Kubernetes expands $(NAME)", () => {
    const pod = podOf({ task: "cost $(HOME) $$5", model: "$(M)" });
    expect(envOf(pod)).toMatchObject({ DARKFACTORY_TASK: "cost $$(HOME) $$$$5", DARKFACTORY_MODEL: "$$(M)" });
    expect(containerOf(pod).args).toEqual(["cost $$(HOME) $$$$5"]);
    expect(containerOf(podOf({ tool: "codex", command: [], model: "$(M)" })).args).toContain("$$(M)");
  });
});

describe("an agent's podTemplate", () => {
  const overlaid = (spec: object, metadata = {}) => podOf({ podTemplate: { metadata, spec: { ...spec } } });

  it("is merged last, lists by name", () => {
    const { spec } = overlaid({
      nodeSelector: { disk: "ssd" },
      terminationGracePeriodSeconds: 90,
      containers: [
        { name: "agent", image: "other:2", env: [{ name: "HOME", value: "/elsewhere" }] },
        { name: "sidecar", image: "s:1" },
      ],
      volumes: [{ name: "workspace", emptyDir: { sizeLimit: "1Gi" } }],
    });
    expect(spec).toMatchObject({ nodeSelector: { disk: "ssd" }, terminationGracePeriodSeconds: 90 });
    expect(spec.containers.map(({ name }) => name)).toEqual(["agent", "sidecar"]);
    expect(spec.containers[0]).toMatchObject({ image: "other:2", command: ["/bin/sh", "-c"] });
    expect(spec.containers[0]?.env?.[0]).toEqual({ name: "HOME", value: "/elsewhere" });
    expect(spec.volumes?.[0]).toEqual({ name: "workspace", emptyDir: { sizeLimit: "1Gi" } });
  });

  it("removes a field with a null", () => {
    expect(overlaid({ securityContext: { runAsUser: null } }).spec.securityContext).not.toHaveProperty("runAsUser");
  });

  it("cannot take from a Pod what says whose it is, nor let it restart in place (L2, O5)", () => {
    const labels = { "darkfactory.dev/agent": "other", "app.kubernetes.io/managed-by": "me", team: "a" };
    const annotations = { "darkfactory.dev/pod-hash": "x", note: "n" };
    const pod = overlaid({ restartPolicy: "Always" }, { labels, annotations });
    expect(pod.spec.restartPolicy).toBe("Never");
    expect(pod.metadata.labels).toMatchObject({
      team: "a",
      "darkfactory.dev/agent": "sentinel",
      "app.kubernetes.io/managed-by": "darkfactory",
    });
    expect(pod.metadata.annotations).toMatchObject({ note: "n" });
    expect(pod.metadata.annotations?.[annotation.podHash]).not.toBe("x");
  });

  it("is recorded with its own image, so that an edit by hand is noticed", () => {
    const pod = overlaid({ containers: [{ name: "agent", image: "other:2" }] });
    expect(pod.metadata.annotations?.[annotation.image]).toBe("other:2");
  });

  it.each([
    ["null", null],
    ["a text", "x"],
    ["a list of nothing", [null]],
  ])("may hold nonsense for the API server to refuse: containers are %s", (_, containers) => {
    expect(overlaid({ containers }).metadata.annotations).not.toHaveProperty(annotation.image);
  });
});

describe("a run's Pod", () => {
  it("knows its run and what the run adds to the task", () => {
    const { spec } = podTemplate(anAgent({ spec: { layer: "Growth" } }), {}, { name: "r-1", task: "PR $1" });
    const env = Object.fromEntries((spec.containers[0]?.env ?? []).map(({ name, value }) => [name, value]));
    expect(env).toMatchObject({ DARKFACTORY_RUN: "r-1", DARKFACTORY_RUN_TASK: "PR $$1" });
  });
});

describe("the hash of the fields that shape a Pod (L6)", () => {
  const before = podHash(anAgent().spec);
  const hashWith = (spec: Partial<AgentSpec>) => podHash(anAgent({ spec }).spec);

  it.each<[string, Partial<AgentSpec>]>([
    ["tool", { tool: "claude" }],
    ["image", { image: "other:2" }],
    ["command", { command: ["/bin/bash", "-c"] }],
    ["args", { args: ["-x"] }],
    ["task", { task: "sleep 2" }],
    ["model", { model: "m" }],
    ["resources", { resources: { limits: { memory: "1Gi" } } }],
    ["env", { env: [{ name: "A", value: "1" }] }],
    ["envFrom", { envFrom: [{ secretRef: { name: "keys" } }] }],
    ["workspace", { workspace: { git: { url: "https://example.com/x.git" } } }],
    ["serviceAccountName", { serviceAccountName: "reader" }],
    ["imagePullSecrets", { imagePullSecrets: [{ name: "pull" }] }],
    ["podTemplate", { podTemplate: { metadata: { labels: { a: "b" } } } }],
    ["podTemplate", { podTemplate: { spec: { securityContext: null } } }],
  ])("changes with %s %#", (_, spec) => {
    expect(hashWith(spec)).not.toBe(before);
  });

  it.each<[string, Partial<AgentSpec>]>([
    ["layer", { layer: "Growth" }],
    ["capabilities", { capabilities: ["triage"] }],
    ["schedule and timeZone", { schedule: "@daily", timeZone: "Europe/London" }],
    ["concurrencyPolicy", { concurrencyPolicy: "Allow", startingDeadlineSeconds: 5 }],
    ["suspend", { suspend: true }],
    ["runLimits", { runLimits: { activeDeadlineSeconds: 5, retries: 1, keepSucceeded: 1, keepFailed: 1 } }],
    ["restart", { restart: { cooldownSeconds: 5, maxRestarts: 1, windowSeconds: 60 } }],
    ["nightwatch", { nightwatch: { mode: "Observe" } }],
    ["an empty list", { env: [], args: [] }],
  ])("does not change with %s", (_, spec) => {
    expect(hashWith(spec)).toBe(before);
  });
});

describe("the name of a start (L5)", () => {
  it("can be read back", () => {
    expect(startOf("sentinel", podName("sentinel", 12))).toBe(12);
  });

  it.each(["sentinel", "sentinel-", "sentinel-0", "sentinel-01", "sentinel-1-1", "sentinel-x", "other-1", "sentinel1"])(
    "is not %s",
    (name) => {
      expect(startOf("sentinel", name)).toBeUndefined();
    },
  );
});
