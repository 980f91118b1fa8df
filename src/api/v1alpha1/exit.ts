import * as z from "zod";
import { int32, text } from "./fields.ts";

/** How a run ended (R4). */
export const exitClasses = [
  "Success",
  "EmptySuccess",
  "AgentError",
  "Timeout",
  "RateLimited",
  "OutOfMemory",
  "ImageError",
  "ConfigError",
  "Evicted",
  "Cancelled",
  "Unknown",
] as const;
export type ExitClass = (typeof exitClasses)[number];

/** The fields that say how a container ended. */
export const exitFields = {
  class: z.enum(exitClasses).describe("What kind of end it was."),
  code: int32(-2_147_483_648).optional().describe("Exit code of the container. Absent where there was none."),
  reason: text(1024, 0).optional().describe("Why, as Kubernetes or the tool said it."),
};
