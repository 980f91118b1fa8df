import { describe, expect, it } from "vitest";
import type { ExitClass } from "../api/v1alpha1/exit.ts";
import { withVerdict } from "./verdict.ts";

describe("how something ended, by the cluster and by its tool (S4)", () => {
  it.each<[ExitClass, ExitClass | undefined, ExitClass, string, string]>([
    ["Success", "Success", "Success", "Completed", "they agree"],
    ["Success", undefined, "Success", "Completed", "the tool says nothing: exit code 0 outranks scary words"],
    ["Success", "EmptySuccess", "EmptySuccess", "NoResult", "an empty or cut stream is no success"],
    ["Success", "AgentError", "AgentError", "FailureReported", "the tool's own word"],
    ["Success", "RateLimited", "RateLimited", "LimitReported", "the tool's own word"],
    ["AgentError", "RateLimited", "RateLimited", "Completed", "told closer"],
    ["AgentError", "ConfigError", "ConfigError", "Completed", "told closer"],
    ["AgentError", "Success", "AgentError", "Completed", "a failed exit is never a success"],
    ["OutOfMemory", "AgentError", "OutOfMemory", "Completed", "what the cluster knows stands"],
    ["Timeout", "RateLimited", "Timeout", "Completed", "what the cluster knows stands"],
    ["Evicted", "EmptySuccess", "Evicted", "Completed", "what the cluster knows stands"],
  ])("%s, and the tool says %s: %s, %s (%s)", (known, told, expected, reason) => {
    const verdict = told === undefined ? undefined : { exitClass: told, success: undefined };
    const exit = { class: known, reason: "Completed", code: 0 };
    expect(withVerdict(exit, verdict)).toEqual({ ...exit, class: expected, reason });
  });
});
