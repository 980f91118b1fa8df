import type { Signal } from "../nightwatch/signal.ts";
import type { Memory } from "./reader.ts";

/** Tells a session the first time that it is named. Another session has running totals of its own. */
export function nameSession(memory: Memory, sessionID: string | undefined): readonly Signal[] {
  if (sessionID === undefined || sessionID === memory.sessionID) return [];
  if (memory.sessionID !== undefined) delete memory.totals;
  memory.sessionID = sessionID;
  return [{ kind: "result", result: { sessionID } }];
}
