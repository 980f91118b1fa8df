import { readFile } from "node:fs/promises";
import type { KubeClock } from "./clock.ts";
import { ConfigError } from "./errors.ts";

/** A small file that others rotate: a token, a CA. */
export interface CachedFile {
  /** Its text without surrounding white space; the same string while the file does not change. */
  read(): Promise<string>;
  /** Makes the next read look at the file. */
  forget(): void;
}

/** client-go re-reads a token file at most once a minute; the kubelet rotates it at 80 % of its life (an hour and more). */
const MAX_AGE_MS = 60_000;

/** Reads `path` at most once a minute. If it cannot be read any more, the last text stays until it can. */
export function cachedFile(path: string, field: string, clock: KubeClock): CachedFile {
  let text: string | undefined;
  let readAt = -Infinity;
  let reading: Promise<string> | undefined;
  const load = async (): Promise<string> => {
    try {
      text = (await readFile(path, "utf8")).trim();
    } catch (error) {
      if (text === undefined) throw new ConfigError(`${field}: cannot read ${path}: ${whyUnreadable(error)}`);
    } finally {
      reading = undefined;
    }
    readAt = clock.monotonic();
    return text;
  };
  return {
    read: () => {
      if (text !== undefined && clock.monotonic() - readAt < MAX_AGE_MS) return Promise.resolve(text);
      reading ??= load();
      return reading;
    },
    forget: () => {
      readAt = -Infinity;
    },
  };
}

/** "no such file", "permission denied", or the system's own code. */
export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "no such file";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "EISDIR") return "it is a directory";
  return typeof code === "string" ? code : String(error);
}
