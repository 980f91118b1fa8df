import type { ObjectRef, ResourceType } from "../kube/types.ts";
import type { Key } from "./contract.ts";

/** The key of an object: "namespace/name", or "name" where the kind has no namespace (as client-go's MetaNamespaceKeyFunc). */
export function keyOf(ref: ObjectRef): Key {
  return ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`;
}

/** The inverse of keyOf. */
export function refOf(key: Key): ObjectRef {
  const slash = key.indexOf("/");
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** A type as kubectl and RBAC name it: "agents.darkfactory.dev", "pods". */
export function resourceName({ group, plural }: ResourceType): string {
  return group === "" ? plural : `${plural}.${group}`;
}
