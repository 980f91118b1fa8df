import type { AgentRun } from "../api/v1alpha1/agent-run.ts";
import type { Agent } from "../api/v1alpha1/agent.ts";
import type { Job } from "../kube/types-core.ts";
import { controlledBy, label } from "./labels.ts";
import { type DefaultImages, ownLabels, podTemplate } from "./pod.ts";

/**
 * The complete Job of a run, under the run's own name (R1). An agent's error is final after `retries`; a Pod that the
 * cluster took away (condition DisruptionTarget) is replaced without counting, and only once it is gone (R4).
 */
export function runJob(agent: Agent, run: AgentRun, images: DefaultImages): Job {
  const { name, namespace, uid = "" } = run.metadata;
  const labels = { ...ownLabels(agent), [label.run]: name };
  const template = podTemplate(agent, images, { name, task: run.spec.task });
  const { activeDeadlineSeconds, retries } = agent.spec.runLimits;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      ownerReferences: [controlledBy("AgentRun", { name, uid })],
    },
    spec: {
      backoffLimit: retries,
      activeDeadlineSeconds,
      podReplacementPolicy: "Failed",
      podFailurePolicy: {
        rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }],
      },
      template: {
        metadata: { ...template.metadata, labels: { ...template.metadata.labels, ...labels } },
        spec: template.spec,
      },
    },
  };
}
