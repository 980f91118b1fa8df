import { relative } from "node:path";
import type { TestSpecification, Vitest } from "vitest/node";
import { BaseSequencer } from "vitest/node";

/**
 * Files that mostly wait, for a minute of the clock, an outage or a lease: they come first, the longest before the others, so
 * that what computes goes on beside them and none of them is left alone at the end.
 */
const WAITING = [
  "test/integration/run-outage.test.ts",
  "test/integration/chaos.test.ts",
  "test/integration/nightwatch-faults.test.ts",
  "test/integration/schedule.test.ts",
  "test/e2e/exit-classes.test.ts",
  "test/integration/operator-life.test.ts",
  "test/integration/nightwatch-crash.test.ts",
  "test/integration/nightwatch-counts.test.ts",
  "test/integration/nightwatch-runs.test.ts",
  "test/integration/cluster.test.ts",
  "test/integration/operator-start.test.ts",
  "test/integration/runtime-leader.test.ts",
  "test/integration/nightwatch-storm.test.ts",
];

/** Tests that need a cluster before those that need none, which are short and fill what is left of the processors. */
export class LongestFirst extends BaseSequencer {
  readonly #root: string;

  constructor(vitest: Vitest) {
    super(vitest);
    this.#root = vitest.config.root;
  }

  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const usual = await super.sort(files);
    return usual.toSorted((a, b) => this.#rank(a) - this.#rank(b));
  }

  #rank({ moduleId, project }: TestSpecification): number {
    const waiting = WAITING.indexOf(relative(this.#root, moduleId));
    if (waiting >= 0) return waiting;
    return WAITING.length + (project.name === "unit" ? 1 : 0);
  }
}
