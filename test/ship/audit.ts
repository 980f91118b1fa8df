import { auditFlags, readAuditLog } from "../cluster/audit-log.ts";
import type { ExtraFlags } from "../cluster/control-plane.ts";

/** One kind of request, as RBAC sees it. */
export interface Permission {
  /** plural or plural/subresource, with its group after a dot where it has one: pods/log, agents/status.darkfactory.dev. */
  readonly resource: string;
  readonly verb: string;
}

/** Flags of an API server that writes down every request of one user, at no cost for the others' requests. */
export async function auditing(user: string, directory: string): Promise<ExtraFlags> {
  const flags = await auditFlags(directory, [{ level: "Metadata", users: [user] }, { level: "None" }]);
  return {
    "kube-apiserver": [
      ...(flags["kube-apiserver"] ?? []),
      // Owner references that block deletion need update on finalizers then, as on OpenShift.
      "--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement",
    ],
  };
}

/** What the audited user asked for so far, and what of it was refused. */
export async function readAudit(
  directory: string,
): Promise<{ readonly used: readonly Permission[]; readonly refused: readonly string[] }> {
  const events = await readAuditLog(directory);
  const used = events.flatMap(({ verb, objectRef }): readonly Permission[] =>
    objectRef?.resource === undefined
      ? []
      : [{ verb, resource: nameOf(objectRef.apiGroup ?? "", objectRef.resource, objectRef.subresource) }],
  );
  const refused = events
    .filter(({ responseStatus }) => responseStatus?.code === 403 && !isTooEarly(responseStatus.message))
    .map(({ verb, requestURI }) => `${verb} ${requestURI}`);
  return { used, refused };
}

/** Of permissions that says nothing: for up to half a minute admission does not know new kinds as owners, whoever asks. */
const isTooEarly = (message: string | undefined): boolean => message?.includes("cannot find RESTMapping") ?? false;

interface Role {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** Every single permission of a role. */
export function permissionsOf({ rules }: Role): readonly Permission[] {
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => {
        const [plural = "", subresource] = resource.split("/");
        return verbs.map((verb) => ({ verb, resource: nameOf(group, plural, subresource) }));
      }),
    ),
  );
}

/** "verb resource", to compare by. */
export const textOf = ({ verb, resource }: Permission): string => `${verb} ${resource}`;

function nameOf(group: string, plural: string, subresource: string | undefined): string {
  return [subresource === undefined ? plural : `${plural}/${subresource}`, group]
    .filter((part) => part !== "")
    .join(".");
}
