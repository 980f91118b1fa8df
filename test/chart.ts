import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as yaml from "js-yaml";
import * as z from "zod";

const values = join(import.meta.dirname, "..", "charts", "darkfactory", "values.yaml");

const schema = z.object({
  resources: z.object({ limits: z.object({ memory: z.string().regex(/^\d+Mi$/) }) }),
});

/** Bytes of memory that the chart lets the operator's container hold. */
export function chartMemoryLimit(text = readFileSync(values, "utf8")): number {
  const { resources } = schema.parse(yaml.load(text));
  return Number.parseInt(resources.limits.memory, 10) * 1024 ** 2;
}
