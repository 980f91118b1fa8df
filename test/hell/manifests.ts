import * as fc from "fast-check";
import { toStructural } from "../../src/api/structural.ts";
import { agentFleetSpecSchema } from "../../src/api/v1alpha1/agent-fleet.ts";
import { agentRunSpecSchema } from "../../src/api/v1alpha1/agent-run.ts";
import { agentSpecSchema } from "../../src/api/v1alpha1/agent-spec.ts";
import { fitting, type Json } from "./from-schema.ts";
import { hostile, placesOf, unfitting, withValue } from "./spoil.ts";

export type HellKind = "Agent" | "AgentFleet" | "AgentRun";

/** How far a manifest is from being right. */
export type Temper = "valid" | "nearly valid" | "hostile";

/** A manifest without its name, which whoever sends it gives. */
export interface HellManifest {
  readonly kind: HellKind;
  readonly temper: Temper;
  readonly spec: Json;
  /** A name in place of a good one. */
  readonly name?: string;
}

/** An agent that runs are of, and that goes on working whatever else is sent. */
export const CANARY = "canary";

const schemas = {
  Agent: toStructural(agentSpecSchema),
  AgentFleet: toStructural(agentFleetSpecSchema),
  AgentRun: toStructural(agentRunSpecSchema),
} as const;

type Fields = Readonly<Record<string, Json>>;

const tool = { tool: "text", image: "darkfactory.test/busybox:1", command: ["sh", "-c"] };

/** What the schemas' rules ask of an agent, on top of whatever else it has. */
const asLayer = (fields: Fields): Fields => {
  const { layer = "Growth", schedule, ...rest } = fields;
  const weights = { errorRatePercent: 40, commandSuccessRatePercent: 30, healthScorePercent: 30 };
  const watch = fields["nightwatch"] as Fields | undefined;
  return {
    ...rest,
    ...tool,
    layer,
    ...(layer === "Core" ? { schedule: schedule ?? "0 3 * * *" } : {}),
    // A rule that two fields share is broken on purpose elsewhere.
    ...(watch === undefined ? {} : { nightwatch: { ...watch, thresholds: {}, weights, windowSeconds: 2_147_483_647 } }),
    ...(fields["env"] === undefined
      ? {}
      : { env: (fields["env"] as readonly Fields[]).map(({ name = "" }) => ({ name, value: "x" })) }),
    ...(fields["envFrom"] === undefined ? {} : { envFrom: [] }),
  };
};

const agentSpecs = fitting(schemas.Agent).map((spec) => asLayer(spec as Fields));

const fleetSpecs = fc
  .tuple(fitting(schemas.AgentFleet), fc.array(agentSpecs, { maxLength: 3 }))
  .map(([spec, agents]): Json => {
    const { nightwatch: _nightwatch, defaults: _defaults, ...rest } = spec as Fields;
    return { ...rest, defaults: tool, agents: agents.map((agent, n) => ({ ...agent, name: `${ENTRY}${n}` })) };
  });

/** In place of a fleet's own name in those of its entries: no two fleets may claim one agent. */
export const ENTRY = "hell-entry-";

const runSpecs = fitting(schemas.AgentRun).map((spec): Json => {
  const { scheduledTime, trigger = "OnDemand", ...rest } = spec as Fields;
  return {
    ...rest,
    agentRef: { name: CANARY },
    trigger,
    ...(trigger === "Schedule" ? { scheduledTime: scheduledTime ?? "2026-03-01T12:00:00Z" } : {}),
  };
});

const valid: Readonly<Record<HellKind, fc.Arbitrary<Json>>> = {
  Agent: agentSpecs,
  AgentFleet: fleetSpecs,
  AgentRun: runSpecs,
};

const kinds = fc.oneof(
  { weight: 6, arbitrary: fc.constant<HellKind>("Agent") },
  { weight: 2, arbitrary: fc.constant<HellKind>("AgentFleet") },
  { weight: 2, arbitrary: fc.constant<HellKind>("AgentRun") },
);

/** A value that is right but for one place. */
function nearly(kind: HellKind): fc.Arbitrary<Json> {
  const spoilt = fc
    .constantFrom(...placesOf(schemas[kind]))
    .chain(({ path, schema }) => unfitting(schema).map((put) => ({ path, put })));
  return fc.tuple(valid[kind], spoilt).map(([spec, { path, put }]) => withValue(spec, path, put));
}

/** One agent's part of it is hostile: an agent's own, or a fleet's first entry or its defaults. */
function poisoned(kind: HellKind): fc.Arbitrary<Json> {
  const places = kind === "AgentFleet" ? [["agents", 0], ["defaults"]] : [[]];
  return fc
    .tuple(valid[kind], hostile, fc.constantFrom(...places))
    .map(([spec, { path, put }, place]) => withValue(spec, [...place, ...path], put));
}

const names = fc.constantFrom("UPPER", "a".repeat(300), "-", "", "\u{1f600}", "__proto__", "..", "a/b", "a b");

/** Manifests of every kind and temper. */
export const manifests: fc.Arbitrary<HellManifest> = kinds.chain((kind) =>
  fc.oneof(
    { weight: 4, arbitrary: valid[kind].map((spec): HellManifest => ({ kind, temper: "valid", spec })) },
    { weight: 4, arbitrary: nearly(kind).map((spec): HellManifest => ({ kind, temper: "nearly valid", spec })) },
    { weight: 4, arbitrary: poisoned(kind).map((spec): HellManifest => ({ kind, temper: "hostile", spec })) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(valid[kind], names)
        .map(([spec, name]): HellManifest => ({ kind, temper: "hostile", spec, name })),
    },
  ),
);

/** Two specs of one layer: an agent of the first is changed to the second, and must be as one that always was it. */
export const changes: fc.Arbitrary<readonly [Fields, Fields]> = fc
  .tuple(agentSpecs, agentSpecs)
  .map(([first, second]) => [asSafety(first), asSafety(second)]);

/** A Safety agent: only it has a Pod by which two can be compared. */
const asSafety = ({ schedule: _schedule, suspend: _suspend, workspace: _workspace, ...rest }: Fields): Fields => ({
  ...rest,
  layer: "Safety",
  restart: { cooldownSeconds: 1 },
});
