import type { TestProject } from "vitest/node";
import { startClusterForTests } from "../cluster/for-tests.ts";
import { bundleOperators } from "../operator-bundles.ts";

/** One cluster with a real node for all end-to-end tests, unless KUBECONFIG names another on purpose. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await bundleOperators();
  return await startClusterForTests(project, "real");
}
