import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/longest-first.ts";
import { SummaryReporter } from "./test/summary-reporter.ts";

// Each worker compiles the same packages.
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "node_modules", ".cache", "compile");

/** What is shipped is tested in minutes, with programs of others: it has a script of its own (npm run test:ship). */
const shipped = ["docs", "gitops", "helm"].map((name) => `test/e2e/${name}.test.ts`);

/**
 * Files that run at a time, of all projects but the one for these: tests against a cluster wait as much as they compute, and what others
 * compute meanwhile costs them nothing. Measured on two processors.
 */
const together = { maxWorkers: 4, sequence: { groupOrder: 0 } };

/** In every project that has properties. */
const setupFiles = ["test/seed-properties.ts"];

/** Unit tests stand beside the code; integration and e2e tests need a real Kubernetes, which their global set-up starts. */
export default defineConfig({
  test: {
    reporters: ["default", new SummaryReporter()],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "test/unit/**/*.test.ts"],
          setupFiles,
          testTimeout: 30_000,
          // They share no state: each worker loads what they import once.
          isolate: false,
          ...together,
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          globalSetup: ["test/integration/global-setup.ts"],
          setupFiles,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          ...together,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          exclude: shipped,
          globalSetup: ["test/e2e/global-setup.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          ...together,
        },
      },
      {
        test: {
          name: "ship",
          include: shipped,
          globalSetup: ["test/e2e/global-setup.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
