import type { KubeObject, ResourceType } from "../../src/kube/types.ts";

/** The plainest object of Kubernetes: what tests of the runtime reconcile. */
export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export const configMapResource: ResourceType<ConfigMap> = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
};
