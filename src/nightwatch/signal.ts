/**
 * One observed fact about one run of one agent (behaviour.md 1.1). Says what was seen, never what to make of it; what a
 * tool does not tell is absent, never a guess.
 */
export type Signal =
  | LineSignal
  | { readonly kind: "command"; readonly outcome: "ok" | "failed" }
  | ApiSignal
  | RateLimitResetSignal
  | UsageSignal
  | ResultSignal
  | { readonly kind: "health"; readonly outcome: "healthy" | "unhealthy" }
  /** An event of a kind that the tool's profile does not know: never an error. */
  | { readonly kind: "unknown-event" };

/** One line of output; `error` only if it reports that something failed for good (S2). */
export interface LineSignal {
  readonly kind: "line";
  readonly outcome: "ok" | "error";
}

/** One request to the model's provider; `rate-limited`: turned away because a rate limit, a usage limit or a quota is spent (S3). */
export interface ApiSignal {
  readonly kind: "api";
  readonly outcome: "ok" | "error" | "rate-limited";
}

/** The provider announced when a limit that is spent ends. */
export interface RateLimitResetSignal {
  readonly kind: "rate-limit-reset";
  /** RFC 3339. */
  readonly time: string;
}

/** What was used since the last such signal of the same stream: to be summed. */
export interface UsageSignal {
  readonly kind: "usage";
  readonly usage: Partial<Usage>;
}

/** Tokens and cost, as the tool reports them: whether inputTokens holds those read from cache differs by tool. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  /** Millionths of a US dollar, whole. */
  readonly costMicroUSD: number;
}

/** The run's own verdict, in parts as they come: what is absent stays as it was told before. */
export interface ResultSignal {
  readonly kind: "result";
  readonly result: RunResult;
}

export interface RunResult {
  readonly success?: boolean;
  /** The agent's last words, cut. */
  readonly summary?: string;
  /** The tool's session, by which the work can be taken up again. */
  readonly sessionID?: string;
}
