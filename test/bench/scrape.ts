/** What a /metrics page said at one moment. */
export interface Metrics {
  /** The sum over all series of a metric whose labels are as given; 0 when there is none. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
}

interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads a page in Prometheus' text format. */
export function parseMetrics(text: string): Metrics {
  const series = text.split("\n").flatMap(parseLine);
  return {
    sum: (name, labels = {}) =>
      series
        .filter((each) => each.name === name && Object.entries(labels).every(([key, of]) => each.labels[key] === of))
        .reduce((sum, { value }) => sum + value, 0),
  };
}

function parseLine(line: string): readonly Series[] {
  const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
  const [, name, labels = "", value] = found ?? [];
  if (name === undefined || value === undefined) return [];
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = "", of = ""]) => [key, of] as const);
  return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
}
