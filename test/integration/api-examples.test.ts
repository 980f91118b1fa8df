import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as yaml from "js-yaml";
import { describe, expect, it } from "vitest";
import { fieldsOf } from "../../src/api/reference.ts";
import { kinds } from "../../src/api/v1alpha1/kinds.ts";
import { parseAgent } from "../../src/api/v1alpha1/agent.ts";
import { parseAgentFleet } from "../../src/api/v1alpha1/agent-fleet.ts";
import { parseAgentRun } from "../../src/api/v1alpha1/agent-run.ts";
import { aNamespace, kubectl } from "./support.ts";

const namespace = aNamespace();
const folder = join(import.meta.dirname, "../../examples");
const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
const parse: Readonly<Record<string, (raw: unknown) => { readonly ok: boolean }>> = {
  Agent: parseAgent,
  AgentFleet: parseAgentFleet,
  AgentRun: parseAgentRun,
};

describe.each(files)("examples/%s", (file) => {
  it("is accepted as it stands by the API server, with no warning, and by our parser", async () => {
    const path = join(folder, file);
    const answer = await kubectl(["--namespace", namespace, "apply", "--server-side", "--dry-run=server", "-f", path]);
    expect(answer.stderr).toBe("");
    expect(answer.code).toBe(0);
    for (const object of yaml.loadAll(readFileSync(path, "utf8")) as { kind: string }[]) {
      expect(parse[object.kind]?.(object)).toMatchObject({ ok: true });
    }
  });
});

it("agent-full.yaml sets every field of an Agent's spec, and is suspended", () => {
  const { spec } = yaml.load(readFileSync(join(folder, "agent-full.yaml"), "utf8")) as { spec: { suspend: boolean } };
  const given = new Set(pathsIn(spec, "spec"));
  const agent = kinds.find(({ resource }) => resource.kind === "Agent");
  const missing = (agent === undefined ? [] : fieldsOf(agent))
    .map(({ path }) => path)
    .filter((path) => path.startsWith("spec.") && !given.has(path));
  expect(missing).toEqual([]);
  expect(spec.suspend).toBe(true);
});

it("agent-minimal.yaml holds no field that could be left out but its image", async () => {
  const minimal = yaml.load(readFileSync(join(folder, "agent-minimal.yaml"), "utf8")) as { spec: object };
  for (const field of Object.keys(minimal.spec).filter((name) => name !== "image")) {
    const { [field]: _, ...spec } = minimal.spec as Record<string, unknown>;
    const answer = await kubectl(["--namespace", namespace, "create", "--dry-run=server", "-f", "-"], {
      input: JSON.stringify({ ...minimal, spec }),
    });
    expect(answer.stderr).toContain(`spec.${field}: Required value`);
  }
});

/** Every path of fields below a value; all items of a list are "[]". */
function pathsIn(value: unknown, path: string): readonly string[] {
  if (Array.isArray(value)) return [`${path}[]`, ...value.flatMap((item) => pathsIn(item, `${path}[]`))];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, field]) => [`${path}.${name}`, ...pathsIn(field, `${path}.${name}`)]);
}
