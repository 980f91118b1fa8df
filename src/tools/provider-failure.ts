/** Why a provider did not answer: `rate-limited` where an allowance is spent (S3), else `error`. */
export type ProviderFailure = "rate-limited" | "error";

/**
 * An allowance that is spent, in the words of the providers and CLIs (notes: Anthropic, OpenAI, Gemini, z.ai, OpenRouter).
 * Words such as "limit" and "quota" alone are no report: "rate limit: 5000 remaining", "Disk quota exceeded".
 */
const ALLOWANCE_SPENT = new RegExp(
  [
    String.raw`\btoo many requests\b`,
    String.raw`\brate[ _-]?limit(?:s|ed|ing)?[ _-]?(?:error|exceeded|reached|hit|exhausted)\b`,
    String.raw`\brate[ -]limited\b`,
    String.raw`\b(?:hit|exceed(?:ed|s|ing)?|reached|over)\b[^.\n]{0,30}\b(?:rate|usage|session|daily|weekly|hourly|monthly|plan|requests?|tokens?|spend(?:ing)?|your)[ _-]limits?\b`,
    String.raw`\b(?:usage|session|daily|weekly|hourly|monthly|spend(?:ing)?)[ _-]limits?[ _-](?:is |was |has been )?(?:reached|exceeded|hit)\b`,
    String.raw`\b(?:exceeded|exhausted) your (?:[\w-]+ ){0,2}(?:quota|capacity)\b`,
    String.raw`(?<!\bdisk )\bquota[ _-](?:is |was |has been )?(?:exceeded|exhausted|reached)\b`,
    String.raw`\binsufficient[ _](?:quota|credits?|balance|funds)\b`,
    String.raw`\bresource_exhausted\b`,
    String.raw`\bcredit balance is too low\b`,
    String.raw`\b(?:http(?:/\d(?:\.\d)?)?|status|code|error|response)["']?(?:[ _-]?code)?["']?\W{1,3}429\b`,
    String.raw`\(429\)`,
    String.raw`\b429\W{1,3}(?:too many|client error|rate|response|status|error\b)`,
    String.raw`\b(?:got|received|returned)(?: an?)?(?: http)? 429(?=\s*(?:$|[^\w\s]|from\b|after\b|when\b))`,
    String.raw`\brate[ _-]?limit\W{1,3}(?:retry|try again|wait|backing off)`,
  ].join("|"),
  "i",
);

/** Who is asked to log in did not use up anything, whatever else the message says (lesson 38). */
const NOT_LOGGED_IN =
  /\b(?:unauthori[sz]ed|unauthenticated|authentication|(?:invalid|incorrect|missing|expired) (?:api|access)[ -]?(?:key|token)|invalid x-api-key|oauth|please run \/login|(?:status|code|error|http)\W{1,3}40[13])\b/i;

/** The provider or the way to it, as against the agent. */
const PROVIDER_TROUBLE =
  /\b(?:api error|api_error|(?:http|status|code|error)(?: code)?\W{1,3}(?:4\d\d|5\d\d)|unexpected status|overloaded|service unavailable|bad gateway|gateway time-?out|internal server error|stream (?:disconnected|closed|error)|connection (?:refused|reset|closed|error|failed|timed out)|econnre(?:set|fused)|fetch failed|etimedout|enotfound|waiting for network|error sending request)/i;

/** True for a text that says that a rate limit, a usage limit or a quota is spent (S3), in words of its own or these. */
export function saysRateLimited(text: string, alsoIn?: RegExp): boolean {
  return (ALLOWANCE_SPENT.test(text) || alsoIn?.test(text) === true) && !NOT_LOGGED_IN.test(text);
}

/**
 * What a message says of the provider; undefined where it says nothing of it. An HTTP status outranks the words: with 401
 * or 403 "you've hit your limit" is a login that failed (lesson 38).
 */
export function providerFailure(text: string, status?: number): ProviderFailure | undefined {
  // 402 is OpenRouter's word for spent credits; a spent budget comes as 400 from Anthropic, told by its text alone.
  if (status === 429 || status === 402) return "rate-limited";
  if (status !== undefined && status >= 400) return status === 400 && saysRateLimited(text) ? "rate-limited" : "error";
  if (NOT_LOGGED_IN.test(text)) return "error";
  if (ALLOWANCE_SPENT.test(text)) return "rate-limited";
  return PROVIDER_TROUBLE.test(text) ? "error" : undefined;
}
