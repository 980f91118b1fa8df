import type { TestProject } from "vitest/node";
import { startClusterForTests } from "../cluster/for-tests.ts";
import { bundleOperators } from "../operator-bundles.ts";

/** One cluster with three simulated nodes for all integration tests, unless KUBECONFIG names another on purpose. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await bundleOperators();
  return await startClusterForTests(project, { simulated: 3 });
}
