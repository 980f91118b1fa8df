import { describe, expect, it } from "vitest";
import { providerFailure } from "./provider-failure.ts";

describe("why a provider did not answer", () => {
  it.each([
    [429, "anything", "rate-limited"],
    [402, "not enough credits", "rate-limited"],
    [400, "Credit balance is too low", "rate-limited"],
    [400, "bad request", "error"],
    [401, "you've hit your limit", "error"],
    [403, "you've hit your limit", "error"],
    [500, "rate limit exceeded", "error"],
    [529, "overloaded", "error"],
    [undefined, "exceeded retry limit, last status: 429 Too Many Requests", "rate-limited"],
    [undefined, "You've hit your limit", "rate-limited"],
    [undefined, "unexpected status 401 Unauthorized: you've hit your limit", "error"],
    [undefined, "OAuth token has expired: you've hit your limit", "error"],
    [undefined, "unexpected status 503 Service Unavailable", "error"],
    [undefined, "stream disconnected before completion", "error"],
    [undefined, "fetch failed", "error"],
    [undefined, "context window exceeded", undefined],
    [undefined, "", undefined],
  ])("with status %s and %j: %s (S3, lesson 38)", (status, text, failure) => {
    expect(providerFailure(text, status)).toBe(failure);
  });
});
