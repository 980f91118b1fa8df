import type { Signal } from "../nightwatch/signal.ts";
import { numberAt, textAt, type JsonObject } from "./json.ts";

/** The announcement of a reset, where there is one. */
export function resetSignal(time: string | undefined): readonly Signal[] {
  return time === undefined ? [] : [{ kind: "rate-limit-reset", time }];
}

/** RFC 3339 of a time in seconds or milliseconds since the epoch, as providers write both. */
export function resetFromEpoch(epoch: number | undefined): string | undefined {
  if (epoch === undefined || epoch <= 0) return undefined;
  return rfc3339(epoch < 1e11 ? epoch * 1000 : epoch);
}

/**
 * When a provider's response headers say that a limit ends: retry-after (RFC 9110: seconds or a date), OpenAI's
 * retry-after-ms, Anthropic's unified reset, and OpenAI's resets of what is used up. `since` is when the response came, in
 * milliseconds since the epoch; without it what is relative says nothing.
 */
export function resetFromHeaders(headers: JsonObject, since: number | undefined): string | undefined {
  const ms = Number(header(headers, "retry-after-ms") ?? Number.NaN);
  if (Number.isFinite(ms)) return after(ms, since);
  const retryAfter = header(headers, "retry-after");
  if (retryAfter !== undefined) {
    const seconds = Number(retryAfter);
    return Number.isFinite(seconds) ? after(seconds * 1000, since) : rfc3339(Date.parse(retryAfter));
  }
  const unified = resetFromEpoch(Number(header(headers, "anthropic-ratelimit-unified-reset") ?? 0));
  if (unified !== undefined) return unified;
  const waits = ["requests", "tokens"]
    .filter((of) => header(headers, `x-ratelimit-remaining-${of}`) === "0")
    .flatMap((of) => durationMs(header(headers, `x-ratelimit-reset-${of}`) ?? "") ?? []);
  return waits.length === 0 ? undefined : after(Math.max(...waits), since);
}

/**
 * When a message says that a limit ends: "resets 6:20pm (UTC)", "try again in 2m30s", "Suggested retry after 34s". A time
 * of day without a zone says nothing: it is meant in the container's.
 */
export function resetFromText(text: string, since: number | undefined): string | undefined {
  if (since === undefined) return undefined;
  const wait = /\b(?:try again in|retry in|retry after|resets? in) ((?:\d+(?:\.\d+)? ?(?:ms|[smhd]) ?)+)/i.exec(
    text,
  )?.[1];
  if (wait !== undefined) return after(durationMs(wait), since);
  const day = /\bresets? (?:at )?(\d{1,2})(?::(\d\d))? ?([ap])m \((?:utc|gmt|etc\/utc)\)/i.exec(text);
  if (day === null) return undefined;
  const hour = (Number(day[1]) % 12) + (day[3]?.toLowerCase() === "p" ? 12 : 0);
  const midnight = Math.floor(since / DAY_MS) * DAY_MS;
  const today = midnight + (hour * 60 + Number(day[2] ?? 0)) * 60_000;
  return rfc3339(today > since ? today : today + DAY_MS);
}

const DAY_MS = 86_400_000;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS };

/** Milliseconds of a duration as Go writes it: 120ms, 6s, 2m30s. */
function durationMs(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?) ?(ms|[smhd])/g)];
  if (parts.length === 0) return undefined;
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNIT_MS[unit ?? ""] ?? 0), 0);
}

function after(ms: number | undefined, since: number | undefined): string | undefined {
  return ms === undefined || since === undefined ? undefined : rfc3339(since + ms);
}

function header(headers: JsonObject, name: string): string | undefined {
  return textAt(headers, name) ?? numberAt(headers, name)?.toString();
}

/** Whole seconds, rounded up: a limit that is asked again too early is hit again. Undefined for what is no time. */
function rfc3339(instant: number): string | undefined {
  const date = new Date(Math.ceil(instant / 1000) * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().replace(".000Z", "Z");
}
