import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { agentContainerStatus } from "../../src/workloads/agent-container.ts";
import { anOperatedNamespace, aSafetyAgent } from "../integration/operator-support.ts";
import { watchPods } from "../integration/pod-witness.ts";
import { eventually, mustKubectl } from "../integration/support.ts";

/** Waits until it is asked to stop, and then does: process 1 of a container does not hear of SIGTERM by itself. */
const PATIENCE = 'trap "exit 0" TERM; sleep 3600 & wait';

const examples = join(import.meta.dirname, "..", "..", "examples");

// Real containers: only the real node of our own has the images that these agents run.
describe.skipIf(process.getuid?.() !== 0)("on a real node", () => {
  const cluster = anOperatedNamespace();
  const { namespace, apply, ask, patch, agent, podsOf, becomes, runningPod, events } = cluster;
  const here = (...args: readonly string[]): readonly string[] => ["--namespace", namespace, ...args];

  /** Ready is not True for this reason, one Warning told of it, and this is what the condition says. */
  async function complains(name: string, reason: string): Promise<string> {
    await becomes("Agent", name, { status: "False", reason });
    await eventually(async () =>
      expect((await events(name)).map((event) => [event.type, event.reason])).toContainEqual(["Warning", reason]),
    );
    return (await conditionOf(name, "Ready"))?.message ?? "";
  }

  async function conditionOf(name: string, type: string) {
    return (await agent(name)).status?.conditions?.find((each) => each.type === type);
  }

  /** What kubectl shows of a Pod's log as it is written, until the Pod ends. */
  function follow(pod: string) {
    const { kubeconfig, kubectl } = inject("cluster");
    const child = spawn(kubectl, here("logs", "--follow", pod), {
      env: { ...process.env, KUBECONFIG: kubeconfig },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (more: string) => (text += more));
    return { text: () => text, ended: once(child, "close") };
  }

  describe("the fleet of the README", () => {
    it("becomes Ready, as kubectl shows, and its agents' logs can be read", async () => {
      await mustKubectl(here("apply", "-f", join(examples, "fleet.yaml")));
      await mustKubectl(here("wait", "--for=condition=Ready", "--timeout=120s", "agentfleet/demo"));
      const table = (await mustKubectl(here("get", "agents", "--no-headers"))).trim().split("\n");
      expect(table.map((row) => row.split(/\s+/).slice(0, 3))).toEqual([
        ["code-reviewer", "True", "Growth"],
        ["security-sentinel", "True", "Safety"],
        ["upstream-sync", "True", "Core"],
      ]);
      await eventually(async () =>
        expect(await mustKubectl(here("logs", "security-sentinel-1"))).toContain("scanned 42 dependencies"),
      );
    });

    it("runs its Pod as a numeric user on a read-only root, with a workspace and without a token", async () => {
      const script = [
        "id -u",
        "pwd",
        "touch /forbidden 2>/dev/null || echo read-only",
        "echo kept > file && cat file",
        'echo "$HOME" && touch "$HOME/file" && touch "$TMPDIR/file" && echo writable',
        "ls /var/run/secrets/kubernetes.io 2>/dev/null || echo no-token",
      ].join("; ");
      const seen = await mustKubectl(here("exec", "security-sentinel-1", "--", "sh", "-c", script));
      expect(seen.trim().split("\n")).toEqual([
        "65532",
        "/workspace",
        "read-only",
        "kept",
        "/home/agent",
        "writable",
        "no-token",
      ]);
    });

    it("stops a Pod gracefully before it starts the one of a changed spec (L1, C7)", async () => {
      const witness = await watchPods(cluster);
      const log = follow("security-sentinel-1");
      // A Pod that is asked to stop is gone within a second, and its log with it.
      await eventually(() => expect(log.text()).toContain("scanned 42 dependencies"));
      await patch(agentFleetResource, "demo", { spec: { defaults: { model: "next" } } });
      await log.ended;
      expect(log.text()).toContain("asked to stop");
      await eventually(async () => expect((await agent("security-sentinel")).status?.starts).toBe(2));
      expect((await runningPod("security-sentinel")).metadata.name).toBe("security-sentinel-2");
      expect((await witness.testify()).story).toEqual(["-security-sentinel-1", "+security-sentinel-2"]);
    });
  });

  it("the other examples are taken as they are", async () => {
    await mustKubectl(
      here("apply", "-f", join(examples, "agent-minimal.yaml"), "-f", join(examples, "agent-full.yaml")),
    );
    await becomes("Agent", "minimal", { status: "True", reason: "Idle" });
    await becomes("Agent", "full", { status: "True", reason: "Suspended" });
    expect((await podsOf("minimal")).concat(await podsOf("full"))).toEqual([]);
  });

  /** What an end left stands for as long as a slow test needs to look. */
  const LONG = { cooldownSeconds: 600 };

  /** Waits until the n-th start has ended, and tells whether the kubelet says that it was for want of memory. */
  async function endedForMemory(name: string, start: number): Promise<boolean> {
    await eventually(async () => expect((await agent(name)).status?.restart?.lastExit?.start).toBe(start));
    const [pod] = await podsOf(name);
    return pod !== undefined && agentContainerStatus(pod)?.state?.terminated?.reason === "OOMKilled";
  }

  // Side by side: the kubelet takes its time to try again.
  describe.concurrent("a Safety agent", () => {
    it("whose image cannot be pulled says so (R6)", async () => {
      await apply(agentResource, aSafetyAgent("no-image", { image: "darkfactory.test/none:1" }));
      expect(await complains("no-image", "ImagePullFailed")).toContain("darkfactory.test/none:1");
    });

    it("whose Secret is missing is stalled and names it, and starts once it is there", async () => {
      const secretKeyRef = { name: "provider", key: "api-key" };
      const spec = {
        env: [{ name: "API_KEY", valueFrom: { secretKeyRef } }],
        task: `echo "key $API_KEY"; ${PATIENCE}`,
      };
      await apply(agentResource, aSafetyAgent("no-secret", spec));
      expect(await complains("no-secret", "InvalidConfig")).toContain('secret "provider" not found');
      expect(await conditionOf("no-secret", "Stalled")).toMatchObject({ status: "True", reason: "InvalidConfig" });

      await mustKubectl(here("create", "secret", "generic", "provider", "--from-literal=api-key=abc"));
      await runningPod("no-secret");
      await eventually(async () => expect(await mustKubectl(here("logs", "no-secret-1"))).toContain("key abc"));
    });

    it("whose command does not exist says that it could not start (L2, L4)", async () => {
      await apply(agentResource, aSafetyAgent("no-command", { command: ["/no/such/program"], restart: LONG }));
      expect(await complains("no-command", "ConfigError")).toContain("StartError");
      expect((await agent("no-command")).status?.restart).toMatchObject({
        failuresInWindow: 1,
        lastExit: { code: 128 },
      });
    });

    it("that exits with code 3 says so, and starts again after its cooldown (L2)", async () => {
      const spec = { task: "echo failing; exit 3", restart: { cooldownSeconds: 1, maxRestarts: 1 } };
      await apply(agentResource, aSafetyAgent("exit", spec));
      await becomes("Agent", "exit", { status: "False", reason: "RestartBudgetExhausted" });
      expect((await agent("exit")).status).toMatchObject({
        starts: 2,
        restart: { failuresInWindow: 2, lastExit: { start: 2, class: "AgentError", code: 3, reason: "Error" } },
      });
      // The last Pod stays, so that its log can be read.
      expect(await mustKubectl(here("logs", "exit-2"))).toBe("failing\n");
    });

    it("that uses more memory than it may is told apart (L3)", async () => {
      const resources = { limits: { memory: "32Mi" } };
      const spec = { task: "x=a; while true; do x=$x$x; done", resources, restart: LONG };
      await apply(agentResource, aSafetyAgent("greedy", spec));
      // On a busy node the kubelet may never hear of the lack of memory (see exit-classes.test.ts): such an end shows nothing.
      for (let start = 1; !(await endedForMemory("greedy", start)) && start < 5; start += 1) {
        await ask("greedy", "restart-requested-at");
      }
      await complains("greedy", "OutOfMemory");
    });
  });

  it("deleting the fleet and the agents leaves nothing behind (F6)", async () => {
    await mustKubectl(here("delete", "agentfleet", "demo", "--cascade=foreground"));
    await mustKubectl(here("delete", "agents", "--all", "--cascade=foreground"));
    const left = await mustKubectl(here("get", "agents,agentfleets,agentruns,pods,jobs,pvc", "--output=name"));
    expect(left).toBe("");
  });
});
