import type { Agent } from "../../api/v1alpha1/agent.ts";
import type { AgentFleet } from "../../api/v1alpha1/agent-fleet.ts";
import { effectiveNightwatch } from "../../api/v1alpha1/effective-nightwatch.ts";
import { type Nightwatch, nightwatchDefaults } from "../../api/v1alpha1/nightwatch.ts";

/** How an agent is watched, and what is wrong where its own fields and its fleet's do not fit together. */
export interface EffectiveNightwatch {
  readonly settings: Nightwatch;
  readonly problems: readonly string[];
}

/** An agent's settings; looked for once in each pair of specs, since the caches keep one spec for all of a generation. */
export function nightwatchOf(fleet: AgentFleet | undefined, agent: Agent): EffectiveNightwatch {
  const known = checked.get(agent.spec);
  const ofFleet = fleet?.spec.nightwatch;
  if (known !== undefined && known.fleet === ofFleet) return known.effective;
  const parsed = effectiveNightwatch(ofFleet, agent.spec.nightwatch);
  const effective = parsed.ok
    ? { settings: parsed.value, problems: [] }
    : {
        settings: nightwatchDefaults,
        problems: parsed.problems.map(({ field, message }) => `${field}: ${message}`),
      };
  checked.set(agent.spec, { fleet: ofFleet, effective });
  return effective;
}

const checked = new WeakMap<
  Agent["spec"],
  { readonly fleet: AgentFleet["spec"]["nightwatch"] | undefined; readonly effective: EffectiveNightwatch }
>();
