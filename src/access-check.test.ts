import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as yaml from "js-yaml";
import { describe, expect, it } from "vitest";
import { createAccessCheck, problemOf } from "./access-check.ts";
import { leasePermissions, permissions } from "./permissions.ts";
import { createFakeClock } from "./runtime/fake-clock.ts";
import { recordingLogger } from "./runtime/testing.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}
interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules: readonly Rule[];
}

const manifests = yaml.loadAll(
  readFileSync(join(import.meta.dirname, "..", "deploy", "darkfactory.yaml"), "utf8"),
) as readonly Role[];
const granted = (kind: string, name: string): readonly string[] =>
  manifests
    .filter((each) => each.kind === kind && each.metadata.name === name)
    .flatMap(({ rules }) => rules)
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) => resources.flatMap((plural) => verbs.map((verb) => `${verb} ${plural} ${group}`))),
    );
const asked = (list: typeof permissions) => list.map(({ verb, resource, group }) => `${verb} ${resource} ${group}`);

describe("what the operator asks whether it may do it", () => {
  it("is what the chart's role grants, but for finalizers", () => {
    const role = granted("ClusterRole", "darkfactory");
    expect(asked(permissions).toSorted()).toEqual(role.filter((each) => !each.includes("/finalizers ")).toSorted());
  });

  it("is what the chart's role for the Lease grants", () => {
    expect(asked(leasePermissions("darkfactory")).toSorted()).toEqual(
      granted("Role", "darkfactory-leader-election").toSorted(),
    );
  });

  it("is asked again only where it was refused, and named by verb, resource and namespace", async () => {
    const [clock, { logger, lines }] = [createFakeClock(), recordingLogger()];
    const refused = new Set(["patch agents/status", "create pods"]);
    const seen: string[] = [];
    const client = {
      raw: (_method: string, _path: string, body: unknown) => {
        const { verb, resource, subresource } = (
          body as { spec: { resourceAttributes: { verb: string; resource: string; subresource?: string } } }
        ).spec.resourceAttributes;
        const what = `${verb} ${[resource, subresource].filter(Boolean).join("/")}`;
        seen.push(what);
        return Promise.resolve({ status: { allowed: !refused.has(what) } });
      },
    };
    const needs = permissions.map((each) => ({ ...each, namespace: "x" }));
    const check = createAccessCheck(client, needs, { clock, logger });
    const ended = check.run(new AbortController().signal);
    await clock.advanceAndSettle(0);
    const problem =
      "no permission to patch agents/status.darkfactory.dev in namespace x, create pods in namespace x: upgrade the operator's role";
    expect(check.problem()).toBe(problem);
    expect(lines).toMatchObject([{ level: "warn", msg: problem }]);
    expect(seen).toHaveLength(permissions.length);
    refused.clear();
    await clock.advanceAndSettle(1_000);
    await ended;
    expect(seen.slice(permissions.length)).toEqual(["patch agents/status", "create pods"]);
    expect(check.problem()).toBeUndefined();
  });

  it("is not listed at length", () => {
    const all = permissions.map((each) => ({ ...each, namespace: undefined }));
    expect(problemOf(all)).toMatch(/^no permission to (\S+ \S+, ){4}\S+ \S+ and \d+ more: /);
  });
});
