/** One thing that /healthz or /readyz looks at. */
export interface Check {
  readonly name: string;
  /** Why it fails, for a human; undefined while all is well. Cheap and synchronous. */
  problem(): string | undefined;
}

export interface ChecksPage {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** The answer in the API server's own form: "ok"; with ?verbose or on failure a line for each check. ?exclude=name skips one. */
export function checksPage(endpoint: string, checks: readonly Check[], query: URLSearchParams): ChecksPage {
  const excluded = new Set(query.getAll("exclude"));
  const results = checks
    .filter(({ name }) => !excluded.has(name))
    .map((check) => ({ name: check.name, problem: check.problem() }));
  const failed = results.some(({ problem }) => problem !== undefined);
  const lines = results.map(({ name, problem }) =>
    problem === undefined ? `[+]${name} ok` : `[-]${name} failed: ${problem}`,
  );
  const verdict = `${endpoint} check ${failed ? "failed" : "passed"}`;
  const body = failed || query.has("verbose") ? [...lines, verdict, ""].join("\n") : "ok";
  return { status: failed ? 503 : 200, contentType: "text/plain; charset=utf-8", body };
}
