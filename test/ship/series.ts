/** The labels of the agent that tests of alerts are about: prod/sentinel, a Safety agent of the fleet demo. */
export const me = { namespace: "prod", agent: "sentinel", fleet: "demo", layer: "Safety" };

const identity = `namespace="${me.namespace}",agent="${me.agent}"`;

/** A metric of that agent as the operator shows it. */
export const agentMetric = (name: string): string => `darkfactory_agent_${name}{${identity}}`;

/** Its info and its conditions: by type, in promtool's notation of values. */
export function agentSeries(
  conditions: Readonly<Record<string, string>>,
  info: Partial<typeof me> = {},
): Readonly<Record<string, string>> {
  const { fleet, layer } = { ...me, ...info };
  const shown = Object.entries(conditions).map(([type, values]) => [
    `darkfactory_agent_condition{${identity},condition="${type}"}`,
    values,
  ]);
  return {
    [`darkfactory_agent_info{${identity},fleet="${fleet}",layer="${layer}"}`]: "1x200",
    ...Object.fromEntries(shown),
  };
}
