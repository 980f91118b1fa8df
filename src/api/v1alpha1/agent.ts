import { agentSpecSchema, type AgentSpec, type AgentSpecInput } from "./agent-spec.ts";
import { agentStatusSchema, type AgentStatus } from "./agent-status.ts";
import { check, type Parsed } from "./check.ts";
import { AGENT_NAME_MAX } from "./fields.ts";
import type { CustomObject, ObjectMeta } from "./object.ts";
import { parseObject } from "./parse.ts";

export type { AgentSpec, AgentSpecInput, Layer, Tool } from "./agent-spec.ts";
export type { AgentStatus } from "./agent-status.ts";

/** One agent: what it is to do and how it is doing. Parsed: defaults filled in. */
export type Agent<M extends ObjectMeta = ObjectMeta> = CustomObject<AgentSpec, AgentStatus, M>;

/** An Agent as a person or a fleet writes it. */
export type AgentManifest = CustomObject<AgentSpecInput, AgentStatus>;

export const agentResource = {
  group: "darkfactory.dev",
  version: "v1alpha1",
  kind: "Agent",
  plural: "agents",
  namespaced: true,
} as const;

const schemas = { spec: agentSpecSchema, status: agentStatusSchema, nameMax: AGENT_NAME_MAX };

/** An Agent from the wire with its defaults filled in, or all that is wrong with it. Keeps what is known of its metadata. */
export function parseAgent<M extends ObjectMeta>(raw: { readonly metadata: M }): Parsed<Agent<M>>;
export function parseAgent(raw: unknown): Parsed<Agent>;
export function parseAgent(raw: unknown): Parsed<Agent> {
  return parseObject<AgentSpec, AgentStatus>(schemas, raw);
}

/** An Agent's spec, such as a fleet's entry with the defaults merged under it (F5); `at` is its path in its object. */
export function parseAgentSpec(raw: unknown, at = "spec"): Parsed<AgentSpec> {
  return check(agentSpecSchema, raw, at) as Parsed<AgentSpec>;
}
