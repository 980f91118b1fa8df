import type { ObjectRef, ResourceType } from "./types.ts";

/** `agents.darkfactory.dev`, or `pods` in the core group: how kubectl and RBAC messages name a resource. */
export function resourceName(type: Pick<ResourceType, "group" | "plural">): string {
  return type.group === "" ? type.plural : `${type.plural}.${type.group}`;
}

export function apiVersionOf(type: Pick<ResourceType, "group" | "version">): string {
  return type.group === "" ? type.version : `${type.group}/${type.version}`;
}

/** Path of all objects of a type: in one namespace, or everywhere when `namespace` is undefined. */
export function collectionPath(type: ResourceType, namespace: string | undefined): string {
  const root = type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  if (!type.namespaced || namespace === undefined) return `${root}/${type.plural}`;
  return `${root}/namespaces/${segment(namespace, "namespace")}/${type.plural}`;
}

/** Path of one object, or of one of its subresources. Throws TypeError for a name that would lead elsewhere. */
export function objectPath(type: ResourceType, ref: ObjectRef, subresource?: "status" | "log"): string {
  if (type.namespaced && ref.namespace === undefined) {
    throw new TypeError(`${resourceName(type)} ${ref.name}: a namespaced object needs its namespace`);
  }
  const path = `${collectionPath(type, ref.namespace)}/${segment(ref.name, "name")}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

function segment(text: string, what: string): string {
  if (text === "" || text === "." || text === "..") throw new TypeError(`"${text}" is no ${what}`);
  return encodeURIComponent(text);
}

/** What a request is about, in RBAC's words. `resource` is undefined for paths outside the resource API, such as /readyz. */
export interface RequestTarget {
  readonly verb: "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";
  readonly group: string;
  readonly resource: string | undefined;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

/** Reads method and path (with or without query) back into verb and resource. */
export function parseRequest(method: string, pathAndQuery: string): RequestTarget {
  const [path = "", query = ""] = pathAndQuery.split("?", 2);
  const [root, ...rest] = path.split("/").slice(1).map(decodeURIComponent);
  const group = root === "apis" ? (rest.shift() ?? "") : "";
  rest.shift();
  let namespace: string | undefined;
  if (rest[0] === "namespaces" && rest.length >= 3 && rest[2] !== "status" && rest[2] !== "finalize") {
    namespace = rest[1];
    rest.splice(0, 2);
  }
  const [resource, name, subresource] = root === "api" || root === "apis" ? rest : [];
  const watching = new URLSearchParams(query).get("watch") === "true";
  return { verb: verbOf(method, name, watching), group, resource, subresource, namespace, name };
}

function verbOf(method: string, name: string | undefined, watching: boolean): RequestTarget["verb"] {
  switch (method) {
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return name === undefined ? "deletecollection" : "delete";
    default:
      if (watching) return "watch";
      return name === undefined ? "list" : "get";
  }
}
