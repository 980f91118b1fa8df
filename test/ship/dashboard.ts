/** One panel of the dashboard, before it has its place. */
interface Panel {
  readonly title: string;
  readonly description: string;
  readonly type: "stat" | "timeseries" | "state-timeline" | "table";
  readonly targets: readonly { readonly expr: string; readonly legend?: string }[];
  readonly unit?: string;
  /** Of 24 columns; default 8. */
  readonly width?: number;
}

interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** The levels' colours and words, everywhere the same. */
const LEVELS = [
  ["Normal", "green"],
  ["Minor", "blue"],
  ["Moderate", "yellow"],
  ["Severe", "orange"],
  ["Critical", "red"],
] as const;

const AGENT = '{namespace=~"$namespace"}';
const FLEET = '{namespace=~"$namespace",fleet=~"$fleet"}';
/** Agents' own series know no fleet: it comes from their info. */
const ofFleet = (metric: string): string =>
  `${metric}${AGENT} * on (namespace, agent) group_left (fleet, layer) darkfactory_agent_info${FLEET}`;
const ofOperator = (expr: string): string => `${expr} * on (instance, job) group_left () darkfactory_build_info`;

const rows: readonly Row[] = [
  {
    title: "Fleet now",
    panels: [
      ...LEVELS.map(([level]): Panel => ({
        title: level,
        description: `Agents whose drift level is ${level}`,
        type: "stat",
        targets: [
          {
            expr: `sum(darkfactory_fleet_agents{namespace=~"$namespace",fleet=~"$fleet",level="${level}"}) or vector(0)`,
          },
        ],
        width: 4,
      })),
      {
        title: "Not ready",
        description: "Agents that are not Ready",
        type: "stat",
        targets: [{ expr: `sum(darkfactory_fleet_agents${FLEET}) - sum(darkfactory_fleet_agents_ready${FLEET})` }],
        width: 4,
      },
      {
        title: "Level of each agent",
        description: "Drift level over time",
        type: "state-timeline",
        targets: [{ expr: ofFleet("darkfactory_agent_drift_level"), legend: "{{namespace}}/{{agent}}" }],
        width: 24,
      },
    ],
  },
  {
    title: "Drift and corrections",
    panels: [
      {
        title: "Drift score",
        description: "0 is none, 1 is the worst; absent while there are too few samples",
        type: "timeseries",
        targets: [{ expr: ofFleet("darkfactory_agent_drift_ratio"), legend: "{{namespace}}/{{agent}}" }],
        unit: "percentunit",
        width: 12,
      },
      {
        title: "Corrections",
        description: "What was done, by action",
        type: "timeseries",
        targets: [
          {
            expr: `sum by (action) (increase(darkfactory_corrections_total${FLEET}[$__rate_interval]))`,
            legend: "{{action}}",
          },
        ],
        width: 12,
      },
      {
        title: "Paused, stalled and rate limited agents",
        description: "Agents in a condition that somebody should look at",
        type: "timeseries",
        targets: [
          {
            expr: `sum by (condition) (darkfactory_agent_condition{namespace=~"$namespace",condition=~"Paused|Stalled|RateLimited"})`,
            legend: "{{condition}}",
          },
        ],
        width: 12,
      },
      {
        title: "Storm guard",
        description: "1 while a fleet corrects nothing, because many of its agents drift at once",
        type: "timeseries",
        targets: [
          {
            expr: `darkfactory_fleet_condition{namespace=~"$namespace",fleet=~"$fleet",condition="StormGuard"}`,
            legend: "{{namespace}}/{{fleet}}",
          },
        ],
        width: 12,
      },
    ],
  },
  {
    title: "Runs",
    panels: [
      {
        title: "Ends by class",
        description: "Runs that ended, by the class of their exit",
        type: "timeseries",
        targets: [
          {
            expr: `sum by (class) (increase(darkfactory_runs_ended_total${FLEET}[$__rate_interval]))`,
            legend: "{{class}}",
          },
        ],
      },
      {
        title: "Active and waiting",
        description: "Runs that have started, and those that wait, by reason",
        type: "timeseries",
        targets: [
          { expr: `sum(darkfactory_runs_active${FLEET})`, legend: "active" },
          { expr: `sum by (reason) (darkfactory_runs_waiting${FLEET})`, legend: "{{reason}}" },
        ],
      },
      {
        title: "Lateness of schedules",
        description: "How long ago the next run of an agent was due",
        type: "timeseries",
        targets: [
          {
            expr: `clamp_min(time() - ${ofFleet("darkfactory_agent_next_run_timestamp_seconds")}, 0)`,
            legend: "{{namespace}}/{{agent}}",
          },
        ],
        unit: "s",
      },
      {
        title: "Rate limits",
        description: "Requests that a provider turned away, by tool",
        type: "timeseries",
        targets: [
          {
            expr: `sum by (tool) (increase(darkfactory_rate_limits_total${FLEET}[$__rate_interval]))`,
            legend: "{{tool}}",
          },
        ],
      },
      {
        title: "Tokens",
        description: "Tokens of runs, as their tools reported them",
        type: "timeseries",
        targets: [
          {
            expr: `sum by (direction) (rate(darkfactory_tokens_total${FLEET}[$__rate_interval]))`,
            legend: "{{direction}}",
          },
        ],
      },
      {
        title: "Cost",
        description: "US dollars an hour, as the tools reported them",
        type: "timeseries",
        targets: [
          {
            expr: `sum by (namespace, fleet) (rate(darkfactory_cost_usd_total${FLEET}[$__rate_interval])) * 3600`,
            legend: "{{namespace}}/{{fleet}}",
          },
        ],
        unit: "currencyUSD",
      },
    ],
  },
  {
    title: "Operator",
    panels: [
      {
        title: "Leader",
        description: "1 for the replica that acts",
        type: "timeseries",
        targets: [{ expr: ofOperator("leader_election_master_status"), legend: "{{instance}}" }],
      },
      {
        title: "Reconciles",
        description: "Reconciles a second, by controller and result",
        type: "timeseries",
        targets: [
          {
            expr: `sum by (controller, result) (${ofOperator("rate(controller_runtime_reconcile_total[$__rate_interval])")})`,
            legend: "{{controller}} {{result}}",
          },
        ],
      },
      {
        title: "Queue",
        description: "Keys that wait for a worker",
        type: "timeseries",
        targets: [{ expr: `sum by (controller) (${ofOperator("workqueue_depth")})`, legend: "{{controller}}" }],
      },
      {
        title: "Requests to the API server",
        description: "Requests a second, by status code",
        type: "timeseries",
        targets: [
          {
            expr: `sum by (code) (${ofOperator("rate(rest_client_requests_total[$__rate_interval])")})`,
            legend: "{{code}}",
          },
        ],
      },
      {
        title: "Event loop delay",
        description: "99th percentile",
        type: "timeseries",
        targets: [{ expr: ofOperator("nodejs_eventloop_lag_p99_seconds"), legend: "{{instance}}" }],
        unit: "s",
      },
      {
        title: "Memory",
        description: "Resident memory of the operator",
        type: "timeseries",
        targets: [{ expr: ofOperator("process_resident_memory_bytes"), legend: "{{instance}}" }],
        unit: "bytes",
      },
    ],
  },
];

/** Every query of the dashboard, by its panel. */
export const queries: readonly { readonly panel: string; readonly expr: string }[] = rows.flatMap(({ panels }) =>
  panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ panel: title, expr }))),
);

/** The dashboard as Grafana 11 and later import it: for any data source, with its own fixed uid. */
export function dashboard(): object {
  const datasource = { type: "prometheus", uid: "${datasource}" };
  let y = 0;
  let id = 0;
  const placed = rows.flatMap(({ title, panels }) => {
    const row = {
      id: (id += 1),
      type: "row",
      title,
      collapsed: false,
      gridPos: { x: 0, y: (y += 1), w: 24, h: 1 },
      panels: [],
    };
    let x = 0;
    let height = 0;
    const inRow = panels.map((panel) => {
      const { width: w = 8, type } = panel;
      const h = type === "stat" ? 4 : 8;
      if (x + w > 24) {
        y += height;
        x = 0;
        height = 0;
      }
      const gridPos = { x, y: y + 1, w, h };
      x += w;
      height = Math.max(height, h);
      return toPanel(panel, { id: (id += 1), gridPos, datasource });
    });
    y += height;
    return [row, ...inRow];
  });
  const variable = (name: string, metric: string) => ({
    name,
    type: "query",
    datasource,
    query: { query: `label_values(${metric}, ${name})`, refId: name },
    includeAll: true,
    multi: true,
    allValue: ".*",
    current: { text: "All", value: "$__all" },
    refresh: 2,
    sort: 1,
  });
  return {
    uid: "darkfactory-fleet",
    title: "darkfactory",
    description: "How the agents are, what was done about them, and how the operator does",
    tags: ["darkfactory"],
    schemaVersion: 39,
    editable: true,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    timezone: "browser",
    templating: {
      list: [
        { name: "datasource", type: "datasource", query: "prometheus", current: {}, label: "Data source" },
        variable("namespace", "darkfactory_agent_info"),
        variable("fleet", "darkfactory_agent_info"),
      ],
    },
    panels: placed,
  };
}

function toPanel(
  { title, description, type, targets, unit }: Panel,
  place: { readonly id: number; readonly gridPos: object; readonly datasource: object },
): object {
  const isLevel = type === "state-timeline";
  const mappings = LEVELS.map(([text, color], value) => ({
    type: "value",
    options: { [value]: { text, color, index: value } },
  }));
  return {
    ...place,
    type,
    title,
    description,
    targets: targets.map(({ expr, legend = "" }, index) => ({
      datasource: place.datasource,
      refId: String.fromCodePoint(65 + index),
      expr,
      legendFormat: legend,
      ...(type === "stat" ? { instant: true } : {}),
    })),
    fieldConfig: {
      defaults: {
        ...(unit === undefined ? {} : { unit }),
        ...(isLevel ? { mappings, color: { mode: "thresholds" } } : {}),
      },
      overrides: [],
    },
    options: type === "stat" ? { colorMode: "value", reduceOptions: { calcs: ["lastNotNull"] } } : {},
  };
}
