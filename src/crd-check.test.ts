import { describe, expect, it } from "vitest";
import { schemaOf } from "./api/crd.ts";
import type { StructuralSchema } from "./api/structural.ts";
import { kinds } from "./api/v1alpha1/kinds.ts";
import { olderCrds } from "./crd-check.ts";

type Served = Parameters<typeof olderCrds>[0];

/** What an API server publishes of CRDs that are ours but for what `change` does to the schema of an Agent's spec. */
function published(change: (spec: Record<string, StructuralSchema>) => void = () => undefined): Served {
  const entries = kinds.map((kind) => {
    const { properties } = structuredClone(schemaOf(kind));
    if (kind.resource.kind === "Agent") change(properties?.["spec"]?.properties ?? {});
    const { group, version, kind: name } = kind.resource;
    const gvk = { "x-kubernetes-group-version-kind": [{ group, version, kind: name }] };
    return [`dev.darkfactory.${version}.${name}`, { ...gvk, ...(properties && { properties }) }] as const;
  });
  return Object.fromEntries(entries);
}

describe("whether the CRDs are older than the operator", () => {
  it("is not so of the very same, nor of newer ones", () => {
    expect(olderCrds(published())).toBeUndefined();
    expect(olderCrds(published((spec) => (spec["newer"] = { type: "string" })))).toBeUndefined();
  });

  it("is so where a field is missing, and names it with what to do", () => {
    expect(olderCrds(published((spec) => delete spec["workspace"]))).toBe(
      "the CRDs are older than the operator: agents.darkfactory.dev lacks spec.workspace; upgrade them: kubectl apply --server-side -f crds/",
    );
  });

  it("names three fields of a kind and counts the others", () => {
    const sentence = olderCrds(
      published((spec) =>
        Object.keys(spec)
          .slice(0, 5)
          .forEach((name) => delete spec[name]),
      ),
    );
    expect(sentence).toMatch(/agents\.darkfactory\.dev lacks spec\.\w+, spec\.\w+, spec\.\w+ and 2 more; upgrade/);
  });

  it("is not known of kinds that are not there yet", () => {
    const [agent] = kinds.map(({ resource }) => resource.kind);
    const some = Object.fromEntries(Object.entries(published()).filter(([name]) => !name.endsWith(`.${agent}`)));
    expect(olderCrds(some)).toBe("the API server does not publish a schema of agents.darkfactory.dev yet");
  });
});
