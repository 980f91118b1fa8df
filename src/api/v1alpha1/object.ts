/** metadata.ownerReferences[]: who an object belongs to. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** The part of metav1.ObjectMeta that darkfactory reads or writes. Times are RFC 3339 strings, as on the wire. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
}

/** One of our kinds with its spec and status; M is its metadata, so that what the server promised (uid) is not forgotten. */
export interface CustomObject<Spec, Status, M extends ObjectMeta = ObjectMeta> {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: M;
  readonly spec: Spec;
  readonly status?: Status;
}

/** The API group of all kinds of darkfactory, and the version that is served and stored. */
export const group = "darkfactory.dev";
export const version = "v1alpha1";
export const apiVersion = `${group}/${version}`;
