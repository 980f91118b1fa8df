import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, inject, it, onTestFailed, onTestFinished, vi } from "vitest";
import { type Agent, agentResource } from "../../src/api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { podResource } from "../../src/kube/types-core.ts";
import { startFaultProxy, type FaultProxy } from "../faults/proxy.ts";
import { ACTING, aFreeAddress, type OperatorProcess, startOperator } from "../operator-process.ts";
import { aFleet, aSafetyAgent, handsIn, simulated } from "./operator-support.ts";
import { watchPods } from "./pod-witness.ts";
import { aNamespace, eventually, mustKubectl } from "./support.ts";

// A step may take ten seconds on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** Long enough that whatever an operator does by the second, or a few seconds after a change, would be seen. */
const QUIET_MS = 15_000;

interface Start {
  readonly namespace: string;
  readonly kubeconfig?: string;
  readonly args?: readonly string[];
}

/** An operator until the end of the test. */
function start({ namespace, kubeconfig = inject("cluster").kubeconfig, args = [] }: Start): OperatorProcess {
  const operator = startOperator({ kubeconfig, args: ["--namespaces", namespace, ...args] });
  onTestFinished(() => operator.kill());
  onTestFailed(() => console.error(operator.logTail().slice(-30).join("\n")));
  return operator;
}

async function aProxy(): Promise<FaultProxy> {
  const proxy = await startFaultProxy({ kubeconfig: inject("cluster").kubeconfig });
  onTestFinished(() => proxy.stop());
  return proxy;
}

/**
 * Everything that was written through the proxy, as "verb resource/subresource name", but for the lease. A review of what
 * the operator may do is stored nowhere.
 */
function writesOf(proxy: FaultProxy): readonly string[] {
  return proxy
    .calls()
    .filter(
      ({ verb, resource }) =>
        !["get", "list", "watch"].includes(verb) && !["leases", "selfsubjectaccessreviews"].includes(resource ?? ""),
    )
    .map(({ verb, resource, subresource, name }) => [verb, resource, subresource, name].filter(Boolean).join(" "));
}

const growth = (name: string) => ({ name, layer: "Growth" as const, task: "work" });
const core = (name: string) => ({ name, layer: "Core" as const, task: "work", schedule: "0 3 1 1 *" });
const safety = (name: string) => ({ ...aSafetyAgent(name).spec, name });

describe("two replicas", () => {
  const namespace = aNamespace();
  const cluster = handsIn(namespace);
  const { apply, runningPod, podsOf } = cluster;
  const holder = (): Promise<string> =>
    mustKubectl(["--namespace", namespace, "get", "lease", "darkfactory", "-o", "jsonpath={.spec.holderIdentity}"]);

  it("one acts; asked to stop it ends with 0 and leaves Pods and lease, and the other takes over (O1, O2)", async () => {
    const one = start({ namespace });
    await one.logged(ACTING);
    const other = start({ namespace });
    await other.logged("another process leads");
    await apply(agentResource, aSafetyAgent("first"));
    const before = await runningPod("first");
    expect(other.logTail().join("\n")).not.toContain(ACTING);

    expect(await one.stop()).toBe(0);
    await other.logged(ACTING);
    expect((await podsOf("first")).map(({ metadata }) => metadata.uid)).toEqual([before.metadata.uid]);
    await apply(agentResource, aSafetyAgent("second"));
    await runningPod("second");

    expect(await other.stop()).toBe(0);
    expect(await holder()).toBe("");
    expect((await podsOf("second")).map(({ metadata }) => metadata.deletionTimestamp)).toEqual([undefined]);
  });
});

describe("an operator that is asked to stop in the middle of its work", () => {
  const namespace = aNamespace();
  const cluster = handsIn(namespace);
  const { apply, list, becomes } = cluster;
  const names = Array.from({ length: 30 }, (_, n) => `agent-${n}`);

  it("ends with 0, and the next one finishes: each Pod once (O2)", async () => {
    const witness = await watchPods(cluster);
    const one = start({ namespace });
    await one.logged(ACTING);
    await apply(agentFleetResource, aFleet("many", { agents: names.map(safety) }));
    await eventually(async () => expect((await list(podResource)).length).toBeGreaterThan(3), { everyMs: 5 });
    expect(await one.stop()).toBe(0);

    const next = start({ namespace });
    await becomes("AgentFleet", "many", { status: "True" });
    const { story } = await witness.testify();
    expect(story.toSorted()).toEqual(names.map((name) => `+${name}-1`).toSorted());
    expect(await next.stop()).toBe(0);
  });
});

describe("what happens while no operator runs", () => {
  const namespace = aNamespace();
  const cluster = handsIn(namespace);
  const { apply, patch, remove, find, list, agent, becomes, runningPod } = cluster;

  it("is caught up with once: an end is counted, changes are made, what was removed goes (O2, L3, F1)", async () => {
    const one = start({ namespace });
    await one.logged(ACTING);
    // It does not start anew before it was looked at.
    const ends = { ...safety("ends"), restart: { cooldownSeconds: 3600 } };
    const entries = [ends, safety("stays"), growth("changes"), growth("goes")];
    await apply(agentFleetResource, aFleet("unwatched", { agents: entries }));
    await becomes("AgentFleet", "unwatched", { status: "True" });
    const before = await runningPod("stays");
    expect(await one.stop()).toBe(0);

    await patch(podResource, "ends-1", { metadata: { annotations: { "sim.darkfactory.dev/exit": "7" } } });
    await eventually(async () => expect((await find(podResource, "ends-1"))?.status?.phase).toBe("Failed"));
    const changed = { ...growth("changes"), task: "other work" };
    await apply(
      agentFleetResource,
      aFleet("unwatched", { agents: [...entries.slice(0, 2), changed, safety("comes")] }),
    );

    const next = start({ namespace });
    await runningPod("comes");
    await becomes("Agent", "ends", { status: "False", reason: "AgentError" });
    expect((await agent("ends")).status).toMatchObject({
      starts: 1,
      restart: { failuresInWindow: 1, lastExit: { start: 1, code: 7 } },
    });
    await eventually(async () => {
      expect((await agent("changes")).spec.task).toBe("other work");
      expect(await find(agentResource, "goes")).toBeUndefined();
    });
    expect((await runningPod("stays")).metadata.uid).toBe(before.metadata.uid);

    // Once more from scratch: what was counted is not counted again.
    expect(await next.stop()).toBe(0);
    const third = start({ namespace });
    await third.logged(ACTING);
    await apply(agentResource, aSafetyAgent("later"));
    await runningPod("later");
    expect((await agent("ends")).status?.restart?.failuresInWindow).toBe(1);
    await remove(agentFleetResource, "unwatched");
    await eventually(async () =>
      expect((await list(agentResource)).map(({ metadata }) => metadata.name)).toEqual(["later"]),
    );
    expect(await third.stop()).toBe(0);
  });

  it("hides no Pod: one that lost its labels stops with its agent, which says Suspended only then (L1)", async () => {
    const one = start({ namespace });
    await apply(agentResource, aSafetyAgent("hidden"));
    await runningPod("hidden");
    expect(await one.stop()).toBe(0);
    await patch(podResource, "hidden-1", { metadata: { labels: { "app.kubernetes.io/managed-by": null } } });
    await patch(agentResource, "hidden", { spec: { suspend: true } });

    const next = start({ namespace });
    await becomes("Agent", "hidden", { status: "True", reason: "Suspended" });
    expect(await find(podResource, "hidden-1")).toBeUndefined();
    expect(await next.stop()).toBe(0);
  });
});

describe("the steady state", () => {
  const namespace = aNamespace();
  const { apply, becomes, patch, fleet, agent } = handsIn(namespace);

  it("needs no write: not while nothing changes, and not at a restart of the operator (O4)", async () => {
    const proxy = await aProxy();
    const address = await aFreeAddress();
    const args = ["--metrics-address", address, "--health-address", address];
    const one = start({ namespace, kubeconfig: proxy.kubeconfig, args });
    await one.logged(ACTING);
    const failing = { ...safety("fails"), podTemplate: simulated({ pull: "fail" }) };
    const invalid = { ...growth("invalid"), command: [] };
    await apply(
      agentFleetResource,
      aFleet("still", {
        // So short that many evaluations fall into the time in which nothing may be written (D12).
        nightwatch: { evaluationIntervalSeconds: 5, windowSeconds: 600 },
        agents: [safety("runs"), core("waits"), growth("idle"), failing, invalid],
      }),
    );
    await becomes("Agent", "runs", { status: "True" });
    await eventually(async () => {
      const message = (await agent("fails")).status?.conditions?.[0]?.message;
      expect(message).toContain("ImagePullBackOff");
    });
    await becomes("AgentFleet", "still", { reason: "InvalidAgents" });
    await eventually(async () =>
      expect((await fleet("still")).status).toMatchObject({ agents: { total: 4, ready: 3, running: 2 } }),
    );
    await eventually(async () => expect((await agent("runs")).status?.drift?.counts?.lines).toBe(1));
    // Somebody else's marks on what is ours concern nobody.
    await patch(agentResource, "idle", { metadata: { annotations: { note: "hello" } } });
    // A machine that stands still for longer than two intervals makes the operator say so (D9), and take it back: after that
    // there is as long a time again to stay quiet in.
    await eventually(
      async () => {
        const before = writesOf(proxy).length;
        await sleep(QUIET_MS);
        expect(writesOf(proxy).slice(before)).toEqual([]);
      },
      { timeoutMs: 100_000 },
    );

    const page = async (path: string) => {
      const answer = await fetch(`http://${address}${path}`);
      return { status: answer.status, text: await answer.text() };
    };
    for (const path of ["/healthz", "/readyz"])
      await eventually(async () => expect(await page(path)).toEqual({ status: 200, text: "ok" }));
    const { text } = await page("/metrics");
    for (const metric of [
      /^controller_runtime_reconcile_total\{controller="agent-.*",result="success"\} [1-9]/m,
      /^workqueue_depth\{.*name="agent-fleet-.*"\} 0$/m,
      /^rest_client_requests_total\{code="201",method="POST",host=".*"\} [1-9]/m,
      /^leader_election_master_status\{name="darkfactory"\} 1$/m,
      /^process_resident_memory_bytes \d+/m,
      /^nodejs_eventloop_lag_p99_seconds /m,
    ]) {
      expect(text).toMatch(metric);
    }

    expect(await one.stop()).toBe(0);
    const afterStop = writesOf(proxy).length;
    const next = start({ namespace, kubeconfig: proxy.kubeconfig });
    await next.logged(ACTING);
    // A change that comes last is answered last: by then everything else was looked at.
    await apply(agentResource, aSafetyAgent("last", { layer: "Growth" }));
    await becomes("Agent", "last", { status: "True" });
    await quiet(proxy);
    expect(writesOf(proxy).slice(afterStop)).toEqual(["patch agents status last"]);
    expect(await next.stop()).toBe(0);
  });

  /** Waits until two seconds went by without a write. */
  async function quiet(proxy: FaultProxy): Promise<void> {
    await eventually(
      async () => {
        const before = writesOf(proxy).length;
        await sleep(2_000);
        expect(writesOf(proxy).length).toBe(before);
      },
      { timeoutMs: 60_000 },
    );
  }
});

describe("a namespace that goes away under the operator", () => {
  const home = aNamespace();
  const doomed = `doomed-${home}`;
  const atHome = handsIn(home);
  const there = handsIn(doomed);

  it("takes all with it, and the operator works on, without errors and without lasting noise", async () => {
    await mustKubectl(["create", "namespace", doomed]);
    const operator = start({ namespace: `${home},${doomed}`, args: ["--leader-elect", "false"] });
    await operator.logged(ACTING);
    const agents = [safety("gone-a"), safety("gone-b"), growth("gone-c")];
    await there.apply(agentFleetResource, aFleet("gone", { agents }));
    await there.becomes("AgentFleet", "gone", { status: "True" });

    const said = await reasonsSaidIn(doomed);
    await mustKubectl(["delete", "namespace", doomed, "--wait=true"]);
    expect([...said].filter((reason) => !["Running", "Idle", "Progressing"].includes(reason))).toEqual([]);
    await atHome.apply(agentResource, aSafetyAgent("here"));
    await atHome.runningPod("here");
    const troubles = (): readonly string[] => operator.logTail().filter((line) => !line.includes('"level":"info"'));
    const noise = (): readonly string[] => troubles().filter((line) => line.includes(doomed));
    const before = noise();
    expect(troubles().filter((line) => line.includes('"level":"error"'))).toEqual([]);

    // Made again, it is served as before.
    await mustKubectl(["create", "namespace", doomed]);
    // Until its ServiceAccount is there it takes no Pods, and the operator says so.
    await eventually(() => there.client().raw("GET", `/api/v1/namespaces/${doomed}/serviceaccounts/default`));
    await there.apply(agentResource, aSafetyAgent("back"));
    await there.runningPod("back");
    expect(noise()).toEqual(before);
    await mustKubectl(["delete", "namespace", doomed, "--wait=false"]);
    expect(await operator.stop()).toBe(0);
  });

  /** The reasons of the Ready conditions of all agents there, from now until the end of the test. */
  async function reasonsSaidIn(namespace: string): Promise<ReadonlySet<string>> {
    const said = new Set<string>();
    const end = new AbortController();
    const opened = Promise.withResolvers<void>();
    const watching = (async () => {
      const options = { namespace, sendInitialEvents: true, signal: end.signal, onOpen: opened.resolve };
      for await (const event of atHome.client().watch<Agent>(agentResource, options)) {
        const conditions = event.type === "BOOKMARK" ? [] : event.object.status?.conditions;
        for (const { type, reason } of conditions ?? []) if (type === "Ready") said.add(reason);
      }
    })();
    onTestFinished(async () => {
      end.abort();
      await watching;
    });
    await Promise.race([opened.promise, watching]);
    return said;
  }
});
