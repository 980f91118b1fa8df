import * as z from "zod";
import { crdFields } from "./api/crd-fields.ts";
import { missingFields } from "./api/missing-fields.ts";
import { type Kind, kinds } from "./api/v1alpha1/kinds.ts";
import type { KubeClient } from "./kube/client.ts";
import type { KubeClock } from "./kube/clock.ts";
import { describe, isNotFound } from "./kube/errors.ts";
import { resourceName } from "./kube/resource-path.ts";
import type { Logger } from "./runtime/logging.ts";
import { createStartupCheck, type StartupCheck } from "./startup-check.ts";

/** Open to every account (role system:discovery), which the CustomResourceDefinitions themselves are not. */
const openapi = z.object({
  components: z.object({
    schemas: z.record(
      z.string(),
      z.object({
        properties: z.record(z.string(), z.unknown()).optional(),
        "x-kubernetes-group-version-kind": z
          .array(z.object({ group: z.string(), kind: z.string(), version: z.string() }))
          .optional(),
      }),
    ),
  }),
});

type Schemas = z.output<typeof openapi>["components"]["schemas"];

/** How many fields a message names of one kind. */
const NAMED = 3;

/**
 * Whether the cluster's CRDs are at least as new as this operator. From older ones the API server drops what they do not
 * know, without a word: starts would be forgotten, and lines counted twice.
 */
export function createCrdCheck(client: Pick<KubeClient, "raw">, clock: KubeClock, logger: Logger): StartupCheck {
  return createStartupCheck({
    name: "crds",
    clock,
    ask: async (signal) => olderCrds(await readSchemas(client, signal)),
    onNoAnswer: (error) => logger.warn(`cannot tell whether the CRDs are as new as the operator: ${describe(error)}`),
  });
}

/** One sentence that names the CRDs that are older than the operator, what they lack, and what to do; undefined when none is. */
export function olderCrds(served: Schemas): string | undefined {
  const found = kinds.map((kind) => ({ name: resourceName(kind.resource), lacking: lackingIn(kind, served) }));
  const unknown = found.flatMap(({ name, lacking }) => (lacking === undefined ? [name] : []));
  if (unknown.length > 0) return `the API server does not publish a schema of ${unknown.join(", ")} yet`;
  const older = found.flatMap(({ name, lacking = [] }) => {
    const more = lacking.length > NAMED ? ` and ${lacking.length - NAMED} more` : "";
    return lacking.length === 0 ? [] : [`${name} lacks ${lacking.slice(0, NAMED).join(", ")}${more}`];
  });
  if (older.length === 0) return undefined;
  return `the CRDs are older than the operator: ${older.join("; ")}; upgrade them: kubectl apply --server-side -f crds/`;
}

/** Undefined where the kind itself is not there. */
function lackingIn(kind: Kind, served: Schemas): readonly string[] | undefined {
  const { group, version, kind: name } = kind.resource;
  const found = Object.values(served).find((schema) =>
    schema["x-kubernetes-group-version-kind"]?.some(
      (each) => each.group === group && each.version === version && each.kind === name,
    ),
  );
  if (found === undefined) return undefined;
  return missingFields(crdFields[name] ?? [], found);
}

async function readSchemas(client: Pick<KubeClient, "raw">, signal: AbortSignal): Promise<Schemas> {
  const [resource] = kinds.map((kind) => kind.resource);
  if (resource === undefined) return {};
  try {
    const answer = await client.raw("GET", `/openapi/v3/apis/${resource.group}/${resource.version}`, undefined, {
      signal,
    });
    return openapi.parse(answer).components.schemas;
  } catch (error) {
    // Not installed.
    if (isNotFound(error)) return {};
    throw error;
  }
}
