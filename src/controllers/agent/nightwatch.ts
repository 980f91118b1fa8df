import type { Agent } from "../../api/v1alpha1/agent.ts";
import type { AgentFleet } from "../../api/v1alpha1/agent-fleet.ts";
import { effectiveNightwatch } from "../../api/v1alpha1/effective-nightwatch.ts";
import { type Nightwatch, nightwatchDefaults } from "../../api/v1alpha1/nightwatch.ts";

/** How an agent is watched, and what is wrong where its own fields and its fleet's do not fit together. */
export interface EffectiveNightwatch {
  readonly settings: Nightwatch;
  readonly problems: readonly string[];
}

/** An agent's settings; made once of each pair of what its fleet and it say, which the caches keep for all of a generation. */
export function nightwatchOf(fleet: AgentFleet | undefined, agent: Agent): EffectiveNightwatch {
  const [ofFleet, own] = [fleet?.spec.nightwatch, agent.spec.nightwatch];
  const ofSameFleet = made.get(ofFleet ?? nothing);
  const known = ofSameFleet?.get(own ?? nothing);
  if (known !== undefined) return known;
  const parsed = effectiveNightwatch(ofFleet, own);
  const effective = parsed.ok
    ? { settings: parsed.value, problems: [] }
    : {
        settings: nightwatchDefaults,
        problems: parsed.problems.map(({ field, message }) => `${field}: ${message}`),
      };
  if (ofSameFleet === undefined) made.set(ofFleet ?? nothing, new WeakMap([[own ?? nothing, effective]]));
  else ofSameFleet.set(own ?? nothing, effective);
  return effective;
}

/** By the fleet's settings, then by the agent's own. */
const made = new WeakMap<object, WeakMap<object, EffectiveNightwatch>>();

/** Stands for settings that are not there. */
const nothing = {};
