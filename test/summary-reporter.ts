import type { Reporter, TestModule } from "vitest/node";

/** Closes a run with one plain line, "N passed, N failed, N skipped", that a CI of any language can read. */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    // An error outside of every test fails the run too, and belongs to none.
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      const states = [...module.children.allTests()].map((test) => test.result().state);
      for (const state of states) if (state !== "pending") count[state] += 1;
      // A file that cannot be loaded, or whose hooks fail, may have no failing test of its own.
      if (module.state() === "failed" && !states.includes("failed")) count.failed += 1;
    }
    console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  }
}
