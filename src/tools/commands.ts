import type { Memory } from "./reader.ts";

/** More than any tool runs at a time; an outcome that never comes must not grow the state. */
const MOST_PENDING = 64;

/** Notes that a shell command was begun, until its outcome comes. */
export function beginCommand(memory: Memory, id: string | undefined): void {
  if (id !== undefined) memory.pendingCommands = [...(memory.pendingCommands ?? []), id].slice(-MOST_PENDING);
}

/** True if that was a shell command whose outcome has not come yet; from now on it has. */
export function endCommand(memory: Memory, id: string | undefined): boolean {
  if (id === undefined || memory.pendingCommands?.includes(id) !== true) return false;
  memory.pendingCommands = memory.pendingCommands.filter((pending) => pending !== id);
  return true;
}

export const COMMAND_OK = { kind: "command", outcome: "ok" } as const;
export const COMMAND_FAILED = { kind: "command", outcome: "failed" } as const;
