import * as z from "zod";

/** The largest int32, as Kubernetes uses for counts and seconds. */
export const INT32_MAX = 2_147_483_647;

/** Longest name of an object that other objects are labelled with (a label's value has at most 63 characters). */
export const NAME_MAX = 63;

/** Longest name of an Agent: leaves room for "-<unix minutes>" or "-<start>" within 63 characters. */
export const AGENT_NAME_MAX = 52;

/** Longest name of a Kubernetes object (DNS-1123 subdomain). */
const SUBDOMAIN_MAX = 253;

/** Text of `min` to `max` characters. Every text has a bound: the API server needs it to reckon what a rule can cost. */
export const text = (max: number, min = 1) => z.string().min(min).max(max);

/** The name of another object. */
export const objectName = () => text(SUBDOMAIN_MAX);

/** A whole number of at most 31 bits, from `min` to `max`. */
export const int32 = (min: number, max: number = INT32_MAX) => z.int().min(min).max(max).meta({ format: "int32" });

/** A count that may outgrow 31 bits; never negative unless said. Exact up to 2^53, as in every JSON number here. */
export const int64 = (min = 0) => z.int().min(min).meta({ format: "int64" });

/** A share in percent, 0–100. */
export const percent = (min = 0) => int32(min, 100);

/** A time as RFC 3339 text, with or without fractions of a second. */
export const time = () => z.iso.datetime({ offset: true }).max(64);

/** A list of objects told apart by one of their fields: appliers own single entries. */
export const listMap = <Item extends z.ZodType>(item: Item, key: string, maxItems: number) =>
  z
    .array(item)
    .max(maxItems)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] });

/** A list of different values, in no order that matters. */
export const listSet = <Item extends z.ZodType>(item: Item, maxItems: number) =>
  z.array(item).max(maxItems).meta({ "x-kubernetes-list-type": "set" });

/** A list that has one owner and is replaced as a whole. */
export const listAtomic = <Item extends z.ZodType>(item: Item, maxItems: number) =>
  z.array(item).max(maxItems).meta({ "x-kubernetes-list-type": "atomic" });

/** Part of a Pod that only the API server's dry run can judge. */
export const opaque = () => z.looseObject({});

/** resource.Quantity without a sign: the pattern of Kubernetes' own CRD generator (controller-tools known_types.go). */
const QUANTITY =
  /^(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$/;

/** An amount such as 500m, 2Gi or 1; a whole number may stand without quotes. */
export const quantity = () =>
  z
    .union([z.int().min(0), text(64).regex(QUANTITY)])
    .meta({ "x-kubernetes-int-or-string": true, pattern: QUANTITY.source });

/**
 * A default that only the operator fills in, not the API server: the field is meaningless for some layers, and an object
 * should not show settings that do not concern it.
 */
export const byOperator = <S extends z.ZodType>(schema: S): S => schema.meta({ defaultedBy: "operator" });
