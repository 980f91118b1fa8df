import * as z from "zod";
import type { KubeClient } from "./kube/client.ts";
import type { ClusterConfig } from "./kube/cluster-config.ts";
import type { KubeClock } from "./kube/clock.ts";
import { describe } from "./kube/errors.ts";
import { resourceName } from "./kube/resource-path.ts";
import { leaderLease } from "./leader-lease.ts";
import type { Options } from "./options.ts";
import { leasePermissions, type Permission, permissions } from "./permissions.ts";
import type { Logger } from "./runtime/logging.ts";
import { createStartupCheck, type StartupCheck } from "./startup-check.ts";

/** A permission in one namespace; undefined: in all. */
export interface Need extends Permission {
  readonly namespace: string | undefined;
}

const review = z.object({ status: z.object({ allowed: z.boolean() }) });

/** How many permissions a message names. */
const NAMED = 5;

/**
 * Whether the operator may do all that it does, by the API server's own judgement (SelfSubjectAccessReview, open to every
 * account). What is missing would otherwise show only when it is first needed: in the middle of a night.
 */
export function createAccessCheck(
  client: Pick<KubeClient, "raw">,
  needs: readonly Need[],
  { clock, logger }: { readonly clock: KubeClock; readonly logger: Logger },
): StartupCheck {
  let missing = needs;
  return createStartupCheck({
    name: "permissions",
    clock,
    async ask(signal) {
      const answers = await Promise.all(
        missing.map(async (need) => ({ need, isAllowed: await mayI(client, need, signal) })),
      );
      missing = answers.filter(({ isAllowed }) => !isAllowed).map(({ need }) => need);
      return missing.length === 0 ? undefined : problemOf(missing);
    },
    onProblem: (problem) => logger.warn(problem),
    onNoAnswer: (error) => logger.warn(`cannot tell what the operator may do: ${describe(error)}`),
  });
}

/** All that the operator may have to do, where it may have to do it. */
export function needsOf(options: Options, config: Pick<ClusterConfig, "namespace" | "source">): readonly Need[] {
  const namespaces = options.namespaces.length === 0 ? [undefined] : options.namespaces;
  const watched = namespaces.flatMap((namespace) => permissions.map((each) => ({ ...each, namespace })));
  if (!options["leader-elect"]) return watched;
  const { namespace, name } = leaderLease(options, config);
  return [...watched, ...leasePermissions(name).map((each) => ({ ...each, namespace }))];
}

/** One sentence for a human: "no permission to patch agents/status.darkfactory.dev, create pods in namespace x". */
export function problemOf(missing: readonly Need[]): string {
  const named = missing.slice(0, NAMED).map(({ verb, group, resource, namespace }) => {
    const where = namespace === undefined ? "" : ` in namespace ${namespace}`;
    return `${verb} ${resourceName({ group, plural: resource })}${where}`;
  });
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : "";
  return `no permission to ${named.join(", ")}${more}: upgrade the operator's role`;
}

async function mayI(client: Pick<KubeClient, "raw">, need: Need, signal: AbortSignal): Promise<boolean> {
  const [resource, subresource] = need.resource.split("/");
  const { namespace, verb, group, name } = need;
  const body = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes: { namespace, verb, group, resource, subresource, name } },
  };
  const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  return review.parse(await client.raw("POST", path, body, { signal })).status.allowed;
}
