import { textAt, type JsonObject } from "./json.ts";
import { providerFailure, type ProviderFailure } from "./provider-failure.ts";

/** Claude Code's own words for a request that failed (SDKAssistantMessageError of its SDK, 0.3.330), where they are sure. */
const BY_WORD: Readonly<Record<string, ProviderFailure>> = {
  rate_limit: "rate-limited",
  billing_error: "rate-limited",
  authentication_failed: "error",
  oauth_org_not_allowed: "error",
  account_on_hold: "error",
  verification_required: "error",
  cloud_credential_error: "error",
  overloaded: "error",
  server_error: "error",
  model_not_found: "error",
  max_output_tokens: "error",
};

/** Why a request failed: by Claude Code's own word, else by HTTP status and text. */
export function claudeFailure(event: JsonObject, text: string, status: number | undefined): ProviderFailure {
  // A login that failed outranks the word: a refused subscription has been called a limit (lesson 38).
  if (status === 401 || status === 403) return "error";
  const word = textAt(event, "error");
  const byWord = word === undefined ? undefined : BY_WORD[word];
  return byWord ?? providerFailure(text, status) ?? "error";
}
