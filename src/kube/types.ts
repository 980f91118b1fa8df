import type { ObjectMeta, OwnerReference } from "../api/v1alpha1/object.ts";

export type { ObjectMeta, OwnerReference };

/** Any object of the API, raw JSON as the server sent it (never a typed model that would drop unknown fields). */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

/** An object as the server returned it: what identifies and versions it is there. */
export type Stored<T extends KubeObject = KubeObject> = T & {
  readonly metadata: T["metadata"] & {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp: string;
  };
};

/** Where a kind lives in the API. `group` is "" for the core group. T is the shape of its objects. */
export interface ResourceType<T extends KubeObject = KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never set: carries T for inference only. */
  readonly __object?: T;
}

/** Names one object of a known type. */
export interface ObjectRef {
  readonly namespace?: string;
  readonly name: string;
}

/** metav1.Condition, exactly. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}
