import type { CommandGroup } from "./command.ts";
import { explainDrift } from "./explain-drift.ts";
import { explainLog } from "./explain-log.ts";
import { explainSchedule } from "./explain-schedule.ts";

/** Every command that there is; a new one is a file and a line here. */
export const darkfactory: CommandGroup = {
  name: "darkfactory",
  summary: "A fleet of autonomous AI agents on Kubernetes, and what it would do and why.",
  commands: [
    {
      name: "explain",
      summary: "Say what darkfactory makes of a text, without a cluster.",
      commands: [explainDrift, explainLog, explainSchedule],
    },
  ],
};
