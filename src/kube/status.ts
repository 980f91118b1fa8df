import { z } from "zod";
import { KubeError } from "./errors.ts";
import type { RequestName } from "./errors.ts";

/** metav1.Status, as much of it as errors need. Its parts may be null (Go's nil) anywhere. */
const statusSchema = z.object({
  kind: z.literal("Status"),
  status: z.string().nullish(),
  code: z.number().int().nullish(),
  reason: z.string().nullish(),
  message: z.string().nullish(),
  details: z
    .object({
      name: z.string().nullish(),
      group: z.string().nullish(),
      kind: z.string().nullish(),
      uid: z.string().nullish(),
      retryAfterSeconds: z.number().nullish(),
      causes: z
        .array(z.object({ reason: z.string().nullish(), message: z.string().nullish(), field: z.string().nullish() }))
        .nullish(),
    })
    .nullish(),
});

type Status = z.infer<typeof statusSchema>;

/** The error in a server's answer: from its Status where it sent one, else from code and text (a proxy's page, a plain 401). */
export function errorFrom(
  request: RequestName,
  answer: { readonly code: number; readonly text: string; readonly retryAfterSeconds?: number | undefined },
): KubeError {
  const status = statusSchema.safeParse(tryJson(answer.text)).data;
  const { message, reason, details, retryAfterSeconds } = partsOf(status);
  return new KubeError({
    ...request,
    code: answer.code,
    reason,
    message: message ?? (answer.text.trim() === "" ? `HTTP ${answer.code}` : answer.text),
    details,
    retryAfterSeconds: answer.retryAfterSeconds ?? retryAfterSeconds,
  });
}

/** The error that a watch's ERROR event carries. */
export function errorFromEvent(request: RequestName, object: unknown): KubeError {
  const status = statusSchema.safeParse(object).data;
  const { message, reason, details, retryAfterSeconds } = partsOf(status);
  return new KubeError({
    ...request,
    code: status?.code ?? 500,
    reason,
    message: message ?? "the watch sent an ERROR event without a Status",
    details,
    retryAfterSeconds,
  });
}

/** Whether `object` is a Status rather than the object that was asked for: the server's answer to some deletes. */
export function isStatus(object: unknown): boolean {
  return statusSchema.safeParse(object).success;
}

function partsOf(status: Status | undefined): {
  readonly message: string | undefined;
  readonly reason: string;
  readonly details: KubeError["details"];
  readonly retryAfterSeconds: number | undefined;
} {
  const details = status?.details ?? undefined;
  return {
    message: status?.message ?? undefined,
    reason: status?.reason ?? "",
    details: details && {
      ...present({ name: details.name, group: details.group, kind: details.kind, uid: details.uid }),
      ...(details.causes ? { causes: details.causes.map(present) } : {}),
    },
    retryAfterSeconds: details?.retryAfterSeconds ?? undefined,
  };
}

function present(fields: Readonly<Record<string, string | null | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])),
  );
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
