/** The words that make a line an error line (S2). */
const WORDS = "errors?|panic|fatal|failed";
const REPORT = new RegExp(String.raw`\b(?:${WORDS})\b`, "i");

/** What may stand between a "no" and what there was none of, as in "no new lint errors" and "0 of 12 tests failed". */
const BETWEEN =
  "any|an?|new|more|other|known|of|the|them|these|\\d+|tests?|jobs?|checks?|files?|steps?|tasks?|commands?|requests?|lint(?:er|ing)?|type|syntax|compil\\w+|build|runtime|unexpected|critical|serious|reported|rate limit";

/** Reports of none (S2): "0 errors", "no fatal errors", "0/12 failed", "errors=0", "failed: 0", `"error": null`, "non-fatal". */
const NONE = new RegExp(
  [
    String.raw`(?<![\w.,])(?:0(?: ?/ ?\d+)?|no|not|none|zero|without)(?:\s+(?:${BETWEEN})){0,4}\s+(?:(?:${WORDS})\b(?:\s+or\b)?\s*)+`,
    String.raw`\b(?:${WORDS})\b["')\]]*(?:\s+(?:count|codes?|rate|total|found|tests?|jobs?|checks?|commands?|lines?|requests?))?["']?\s*[:=]\s*["']?(?:0(?:\.0+)?(?![\w]|[.,]\d|\s+bytes?\b)|(?:none|null|nil|false|undefined|\[\s*\]|\{\s*\})(?=["']?\s*(?:$|[,;.)\]}|]))|(?<=["'])["'])`,
    String.raw`\b(?:${WORDS})\s+0(?=\s*(?:$|[,;)|]))`,
    String.raw`\bnon-?fatal\b|\berror-free\b`,
  ].join("|"),
  "gi",
);

/**
 * S2, where the stream is not known to be stdout: the line reports a failure and not that there was none. `claims` is the
 * line without its reports of none.
 */
export function reportsError(line: string, claims = withoutNone(line)): boolean {
  return REPORT.test(line) && REPORT.test(claims);
}

/** The line without its reports of none. */
export function withoutNone(line: string): string {
  return line.replace(NONE, " ");
}
