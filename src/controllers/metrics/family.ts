/** What one scrape shows of the caches. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric by name. Its page in docs/metrics.md and its place in the registry are made from this. */
export interface Family {
  readonly name: string;
  /** One sentence without a full stop: prom-client shows it as HELP, the documentation as it is. */
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly labels: readonly string[];
}

/** A metric that is computed from `Seen` when it is scraped. */
export interface StateFamily<Seen> extends Family {
  readonly samples: (seen: Seen) => readonly Sample[];
}
