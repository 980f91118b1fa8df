import type { ExitClass } from "../api/v1alpha1/exit.ts";
import type { ApiSignal, LineSignal, Signal } from "../nightwatch/signal.ts";
import { cut } from "./cut.ts";

/** What is known of a line besides its text. */
export interface LineOrigin {
  /** Undefined where both streams come as one, as in a Pod's log. */
  readonly stream?: "stdout" | "stderr";
  /** When the line was written, in milliseconds since the epoch. */
  readonly time?: number;
}

/** Reads one stream of one tool's output, line by line and in order: from the container's start to its end. */
export interface LineReader {
  /** The signals of one whole line, without its line break: exactly one of them is a `line` (S5). */
  read(line: string, origin?: LineOrigin): readonly Signal[];
  /** How the run ended, after the last line. Without an exit code only what the tool itself said of its end is known. */
  end(exitCode: number | undefined): RunVerdict;
  /** All that reading must remember, to go on elsewhere: small and plain JSON. */
  state(): ReaderState;
}

/** How a run ended, by what it printed and its exit code (S4). What the cluster knows (out of memory, evicted) outranks it. */
export interface RunVerdict {
  /** Undefined where nothing tells that the run has ended. */
  readonly exitClass: ExitClass | undefined;
  /** The tool's own word; undefined where it gave none. */
  readonly success: boolean | undefined;
}

/** What a reader remembers between two lines. Belongs to one stream; a restarted container begins with none. */
export interface ReaderState {
  readonly sessionID?: string | undefined;
  /** Shell commands that were begun and whose outcome has not come, by the tool's ids, oldest first. */
  readonly pendingCommands?: readonly string[] | undefined;
  /** The provider turned the last request away, and nothing has come of it since. */
  readonly isRateLimited?: boolean | undefined;
  /** That limit was announced by an event of its own: the next report of it is no further request. */
  readonly isLimitAnnounced?: boolean | undefined;
  /** The last failed request was already told: the tool's verdict repeats it. */
  readonly isFailureTold?: boolean | undefined;
  /** The last failure that the tool told, cut: its verdict repeats the text. */
  readonly lastFailure?: string | undefined;
  /** The tool's own verdict, as far as it has come. */
  readonly success?: boolean | undefined;
  /** The last answer that was counted as one request to the provider. */
  readonly lastMessageID?: string | undefined;
  /** What the tool last reported as its session's running total. */
  readonly totals?: Readonly<Record<string, number>> | undefined;
  /** The agent's words that are still coming, cut. */
  readonly words?: string | undefined;
  /** Text only: lines since a rate limit was reported. */
  readonly linesSinceLimit?: number | undefined;
}

/** A reader's own state, to write to. */
export type Memory = { -readonly [Name in keyof ReaderState]: ReaderState[Name] };

export const LINE_OK: LineSignal = { kind: "line", outcome: "ok" };
export const LINE_ERROR: LineSignal = { kind: "line", outcome: "error" };

/** What most lines are: shared, so that they cost nothing. */
export const justALine: readonly Signal[] = Object.freeze([LINE_OK]);
export const justAnError: readonly Signal[] = Object.freeze([LINE_ERROR]);
export const anUnknownEvent: readonly Signal[] = Object.freeze([LINE_OK, { kind: "unknown-event" } as const]);

export const API_OK: ApiSignal = { kind: "api", outcome: "ok" };
export const API_ERROR: ApiSignal = { kind: "api", outcome: "error" };
export const RATE_LIMITED: ApiSignal = { kind: "api", outcome: "rate-limited" };

/** Most characters of an agent's words that are kept: enough for a person to see what it said, little enough for a status. */
const SUMMARY_MAX = 4096;

export const cutSummary = (text: string): string => cut(text, SUMMARY_MAX);
