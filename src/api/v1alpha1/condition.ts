import * as z from "zod";
import type { Exact } from "./exact.ts";
import { int64, listMap, text, time } from "./fields.ts";

/** metav1.Condition, exactly: limits and patterns as Kubernetes generates them. */
export const conditionSchema = z
  .object({
    type: text(316)
      .regex(
        /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$/,
      )
      .describe("What the condition is about, such as Ready. At most one of a type."),
    status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
    observedGeneration: int64()
      .optional()
      .describe("The metadata.generation that was looked at. Older than the object's: the condition is out of date."),
    lastTransitionTime: time().describe("When status last changed."),
    reason: text(1024)
      .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
      .describe("Why, as one CamelCase word that programs may rely on."),
    message: text(32_768, 0).describe("Why, for people. May be empty."),
  })
  .describe("One aspect of the object's state.");

export type Condition = Exact<z.output<typeof conditionSchema>>;

/** status.conditions of every kind; `known` names the types that stand there, for the description. */
export const conditions = (known: string) =>
  listMap(conditionSchema, "type", 16).optional().describe(`The state, aspect by aspect: ${known}`);

/** status.observedGeneration of every kind. −1 from the start, so that a just-created object never looks done. */
export const observedGeneration = () =>
  int64(-1).optional().describe("The metadata.generation that the operator last reconciled; -1 before the first time.");
