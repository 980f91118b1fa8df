import { describe, expect, it } from "vitest";
import { leaderLease } from "./leader-lease.ts";
import { parseOptions } from "./options.ts";

const inPod = { namespace: "ops", source: "in-cluster" };
const byPerson = { namespace: "default", source: "~/.kube/config (context kind)" };

function leaseOf(config: typeof inPod, ...args: readonly string[]) {
  const parsed = parseOptions(args, {});
  if (parsed.run !== "operator") throw new Error("wrong flags");
  return leaderLease(parsed.options, config);
}

describe("the Lease of the leader election", () => {
  it.each([
    ["the Pod's own", inPod, [], "ops"],
    ["the Pod's own, whatever it watches: those may go before it does", inPod, ["--namespaces", "a,b"], "ops"],
    ["that of a person's context", byPerson, [], "default"],
    ["the watched one, where a person may have no other", byPerson, ["--namespaces", "a"], "a"],
    ["the first watched one", byPerson, ["--namespaces", "a,b"], "a"],
    ["the one that was chosen", byPerson, ["--namespaces", "a,b", "--leader-election-namespace", "c"], "c"],
    ["the one that was chosen, in a Pod too", inPod, ["--leader-election-namespace", "c"], "c"],
  ])("stands in %s", (_, config, args, namespace) => {
    expect(leaseOf(config, ...args)).toMatchObject({ namespace, name: "darkfactory" });
  });

  it("comes with a warning only where a watched namespace takes the others along, and nobody chose it", () => {
    expect(leaseOf(byPerson, "--namespaces", "a,b,c").warning).toMatch(/namespace a: .* in b, c either/);
    for (const config of [inPod, byPerson]) expect(leaseOf(config, "--namespaces", "a").warning).toBeUndefined();
    expect(leaseOf(inPod, "--namespaces", "a,b").warning).toBeUndefined();
    expect(leaseOf(byPerson, "--namespaces", "a,b", "--leader-election-namespace", "a").warning).toBeUndefined();
  });
});
