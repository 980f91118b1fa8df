import type * as z from "zod";
import { isRecord } from "../is-record.ts";
import { check, type Parsed } from "./check.ts";
import type { CustomObject, ObjectMeta } from "./object.ts";
import type { Problem } from "./problems.ts";

/** The schemas of one kind. */
export interface Schemas {
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  /** Most characters of metadata.name. */
  readonly nameMax: number;
}

/**
 * Parses an object as it came over the wire or out of a file. Its metadata is taken as it is, beyond its name: the API server
 * has checked it. The caller names the types of spec and status, which are those of the schemas.
 */
export function parseObject<Spec, Status>(schemas: Schemas, raw: unknown): Parsed<CustomObject<Spec, Status>> {
  if (!isRecord(raw)) return { ok: false, problems: [{ field: "", message: "must be an object" }] };
  const spec = check(schemas.spec, raw["spec"], "spec");
  const status = check(schemas.status.optional(), raw["status"] ?? undefined, "status");
  const metadata = raw["metadata"];
  const problems = [
    ...nameProblems(metadata, schemas.nameMax),
    ...(spec.ok ? [] : spec.problems),
    ...(status.ok ? [] : status.problems),
  ];
  if (problems.length > 0 || !spec.ok || !status.ok) return { ok: false, problems };
  return {
    ok: true,
    value: {
      ...(typeof raw["apiVersion"] === "string" ? { apiVersion: raw["apiVersion"] } : {}),
      ...(typeof raw["kind"] === "string" ? { kind: raw["kind"] } : {}),
      metadata: metadata as ObjectMeta,
      spec: spec.value as Spec,
      ...(status.value === undefined ? {} : { status: status.value as Status }),
    },
  };
}

function nameProblems(metadata: unknown, max: number): readonly Problem[] {
  if (!isRecord(metadata)) return [{ field: "metadata", message: "Required value" }];
  const { name } = metadata;
  if (typeof name !== "string" || name === "") return [{ field: "metadata.name", message: "Required value" }];
  if (name.length > max) return [{ field: "metadata.name", message: `Too long: may not be more than ${max} bytes` }];
  return [];
}
