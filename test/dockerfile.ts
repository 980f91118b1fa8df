import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";

/** How the image starts the operator. */
export interface ImageStart {
  readonly entryPoint: readonly string[];
  /** Flags of Node among them. */
  readonly nodeFlags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Reads it from the last stage of our Dockerfile, which writes ENTRYPOINT as JSON and one variable a line. */
export function imageStart(
  dockerfile = readFileSync(join(import.meta.dirname, "..", "Dockerfile"), "utf8"),
): ImageStart {
  const lastStage = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
  const [, json = ""] = /^ENTRYPOINT (\[.*\])$/m.exec(lastStage) ?? [];
  const entryPoint = z.tuple([z.string()], z.string()).parse(JSON.parse(json));
  const env = [...lastStage.matchAll(/^ENV (\w+)=(\S+)$/gm)].map(([, name = "", value = ""]) => [name, value] as const);
  return { entryPoint, nodeFlags: entryPoint.filter((part) => part.startsWith("--")), env: Object.fromEntries(env) };
}
