import type { KubeObject, ResourceType } from "../../src/kube/types.ts";

/** The simplest of objects, for tests of how we speak to the server. */
export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export const CONFIG_MAP: ResourceType<ConfigMap> = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
};

/** A ConfigMap labelled as a test's own, so that a selector leaves out what Kubernetes puts into every namespace. */
export function aConfigMap(namespace: string, name: string, data: Readonly<Record<string, string>> = {}): ConfigMap {
  return { metadata: { namespace, name, labels: OWN }, data };
}

const OWN = { "test.darkfactory.dev/own": "true" };
export const OWN_SELECTOR = "test.darkfactory.dev/own=true";

/** Enough for some pages; DARKFACTORY_OBJECTS=5000 is what a large fleet has. To create them is what takes its time. */
export const OBJECTS = Number(process.env["DARKFACTORY_OBJECTS"] ?? 1500);

/** All that an iterable yields. */
export async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** What a promise was rejected with; undefined when it was not. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error;
  }
}
