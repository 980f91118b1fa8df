import { z } from "zod";
import { checkSchedule } from "../schedule/check.ts";
import type { Instant } from "../schedule/instant.ts";
import { occurrencesBetween } from "../schedule/occurrences.ts";
import { quote } from "../schedule/quote.ts";
import type { Schedule } from "../schedule/schedule.ts";
import { DEFAULT_TIME_ZONE } from "../schedule/time-zone.ts";
import { type Command, type Io, readFlags, UsageError } from "./command.ts";
import { readOutput, readWhole } from "./flags.ts";
import { showTable } from "./show-table.ts";
import { showDistance, showLocal, showUtc } from "./show-time.ts";

const DEFAULT_COUNT = 5;

/** A week of an every-minute schedule, about. */
const MOST = 10_000;

/** The last instant that RFC 3339 can write. */
const END_OF_TIME = Date.parse("9999-12-31T23:59:59Z") + 1;

const FLAGS = {
  "time-zone": { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  count: { type: "string" },
  output: { type: "string", short: "o" },
} as const;

/** `darkfactory explain schedule`: prints when a schedule fires, or why it is none (K1, K2). */
export const explainSchedule: Command = {
  name: "schedule",
  summary: "Print when a schedule fires, or why it is none.",
  help: `Print when a schedule fires, or why it is none.

Usage: darkfactory explain schedule '<schedule>' [flags]

A schedule is five fields (minute, hour, day of month, month, day of week) or one of @hourly, @daily, @midnight, @weekly,
@monthly, @yearly, @annually. If day of month and day of week are both restricted, either is enough.
A local time that a change of the clocks skips fires at the next valid minute; one that comes twice fires the first time.

Flags:
  --time-zone <name>     IANA name of the zone in which the schedule is read (default ${DEFAULT_TIME_ZONE})
  --from <time>          first instant to print, itself included (default now), as 2026-03-28T00:00:00Z
  --to <time>            instant before which to stop, itself excluded (default none)
  --count <n>            most occurrences to print, 1 to ${MOST} (default ${DEFAULT_COUNT}; with --to, all there are)
  -o, --output <format>  text or json (default text)
  -h, --help             print this

Exit code 0: printed. 2: one line on stderr says what is wrong.`,
  run: (args, io) => {
    const request = readRequest(args, io.now());
    const occurrences = findOccurrences(request);
    io.stdout(request.output === "json" ? asJson(occurrences) : asText(occurrences, request, io));
  },
};

interface Request {
  readonly schedule: Schedule;
  readonly timeZone: string;
  readonly from: Instant;
  readonly to: Instant | undefined;
  readonly count: number | undefined;
  readonly output: "json" | "text";
}

function readRequest(args: readonly string[], now: Instant): Request {
  // No flag holds a space: "-5 * * * *" is meant as a schedule, and deserves to hear why it is none.
  const dashed = args.find((arg) => /^-[^-]\S*\s/.test(arg));
  if (dashed !== undefined) throw new UsageError(problemOf(dashed) ?? `unknown option ${quote(dashed)}`);
  const { values, positionals } = readFlags(args, FLAGS);
  const [text] = positionals;
  if (text === undefined) throw new UsageError("a schedule is missing; see darkfactory explain schedule --help");
  if (positionals.length > 1) {
    throw new UsageError(`one schedule is expected, not ${positionals.length} arguments; put it in quotes`);
  }
  const timeZone = values["time-zone"] ?? DEFAULT_TIME_ZONE;
  const checked = checkSchedule(text, timeZone);
  if (!checked.ok) throw new UsageError(checked.problem);
  const from = values.from === undefined ? now : readTime("--from", values.from);
  const to = values.to === undefined ? undefined : readTime("--to", values.to);
  if (to !== undefined && to < from) throw new UsageError(`--to ${showUtc(to)} is before --from ${showUtc(from)}`);
  const count = values.count === undefined ? undefined : readWhole("--count", values.count, 1, MOST);
  return { schedule: checked.schedule, timeZone, from, to, count, output: readOutput(values.output) };
}

function problemOf(text: string): string | undefined {
  const checked = checkSchedule(text, DEFAULT_TIME_ZONE);
  return checked.ok ? undefined : checked.problem;
}

function readTime(flag: string, text: string): Instant {
  if (z.iso.datetime({ offset: true }).safeParse(text).success) return Date.parse(text);
  throw new UsageError(`${flag} ${quote(text)} is no time; write it like 2026-03-28T00:00:00Z`);
}

function findOccurrences({ schedule, timeZone, from, to, count }: Request): Instant[] {
  const span = { from, to: Math.min(to ?? END_OF_TIME, END_OF_TIME) };
  if (count !== undefined || to === undefined) {
    return occurrencesBetween(schedule, timeZone, span, count ?? DEFAULT_COUNT);
  }
  const all = occurrencesBetween(schedule, timeZone, span, MOST + 1);
  if (all.length <= MOST) return all;
  throw new UsageError(
    `there are more than ${MOST} occurrences before --to ${showUtc(to)}; choose an earlier one or --count`,
  );
}

function asJson(occurrences: readonly Instant[]): string {
  return `{"occurrences": [${occurrences.map((instant) => JSON.stringify(showUtc(instant))).join(", ")}]}\n`;
}

function asText(occurrences: readonly Instant[], { timeZone, from, to }: Request, io: Io): string {
  if (occurrences.length === 0) {
    return `no occurrence from ${showUtc(from)} to before ${showUtc(to ?? END_OF_TIME)}\n`;
  }
  const now = io.now();
  const rows = [
    [`LOCAL (${timeZone})`, "UTC", "WHEN"],
    ...occurrences.map((at) => [showLocal(at, timeZone), showUtc(at), showDistance(at, now)]),
  ];
  return showTable(rows);
}
