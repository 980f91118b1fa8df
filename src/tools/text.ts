import type { ToolProfile } from "./profile.ts";
import { textReader } from "./text-reader.ts";

/**
 * Any program. The task is its script: where the command line ends in `-c` (as in ["/bin/sh", "-c"]) the task is what
 * follows; every other program finds it in the environment as DARKFACTORY_TASK. What a run adds is no script: it is in
 * DARKFACTORY_RUN_TASK, and stands in for the task only where the agent has none.
 */
export const text: ToolProfile = {
  start({ task, runTask, command, args }) {
    const line = [...command, ...args];
    const script = task === "" ? runTask : task;
    const wantsScript = script !== "" && line.at(-1) === "-c";
    return { command, args: wantsScript ? [...args, script] : args, env: {} };
  },
  shows: { commands: false, apiErrors: false },
  createReader: textReader,
};
