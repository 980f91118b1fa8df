import * as z from "zod";
import { listAtomic, listMap, objectName, opaque, quantity, text } from "./fields.ts";
import { withRules } from "./rules.ts";

const optionalKey = (what: string) =>
  z.boolean().optional().describe(`Whether the container may start without this ${what}. Omitted: it may not.`);

const keyOf = (kind: "ConfigMap" | "Secret") =>
  z.object({
    name: objectName().describe(`Name of the ${kind}, in the same namespace.`),
    key: text(253).describe(`The key of the ${kind} whose value is taken.`),
    optional: optionalKey("key"),
  });

const valueFrom = withRules(
  z.object({
    configMapKeyRef: keyOf("ConfigMap").optional().describe("Takes the value of a key of a ConfigMap."),
    secretKeyRef: keyOf("Secret").optional().describe("Takes the value of a key of a Secret."),
    fieldRef: z
      .object({
        apiVersion: text(64).optional().describe("Version of the schema that fieldPath is written in. Omitted: v1."),
        fieldPath: text(253).describe("A field of the Pod, such as metadata.name or status.podIP."),
      })
      .optional()
      .describe("Takes the value of a field of the Pod."),
    resourceFieldRef: z
      .object({
        containerName: text(63).optional().describe("Name of the container. Omitted: the agent's own."),
        resource: text(253).describe("A resource, such as limits.memory or requests.cpu."),
        divisor: quantity().optional().describe("The unit of the value. Omitted: 1."),
      })
      .optional()
      .describe("Takes the value of a resource of a container."),
  }),
  [
    {
      rule: "[has(self.configMapKeyRef), has(self.secretKeyRef), has(self.fieldRef), has(self.resourceFieldRef)].filter(x, x).size() == 1",
      message: "set exactly one of configMapKeyRef, secretKeyRef, fieldRef and resourceFieldRef",
      holds: (self) =>
        [self.configMapKeyRef, self.secretKeyRef, self.fieldRef, self.resourceFieldRef].filter(Boolean).length === 1,
    },
  ],
);

/** A container's environment variable (core/v1 EnvVar). */
const envVar = withRules(
  z
    .object({
      name: text(253).describe("Name of the variable."),
      value: text(32_768, 0).optional().describe("Its value. $(OTHER) is replaced by the value of another variable."),
      valueFrom: valueFrom.optional().describe("Where its value comes from. Secrets belong here, never into value."),
    })
    .describe("One environment variable."),
  [
    {
      rule: "!has(self.value) || self.value == '' || !has(self.valueFrom)",
      message: "value and valueFrom exclude each other: remove one of them",
      fieldPath: ".valueFrom",
      reason: "FieldValueForbidden",
      holds: (self) => self.value === undefined || self.value === "" || self.valueFrom === undefined,
    },
  ],
);

const wholeSource = (kind: "ConfigMap" | "Secret") =>
  z.object({
    name: objectName().describe(`Name of the ${kind}, in the same namespace.`),
    optional: optionalKey(kind),
  });

/** A source of environment variables (core/v1 EnvFromSource). */
const envFromSource = withRules(
  z
    .object({
      prefix: text(253, 0).optional().describe("Put in front of each name."),
      configMapRef: wholeSource("ConfigMap").optional().describe("Takes every key of a ConfigMap."),
      secretRef: wholeSource("Secret").optional().describe("Takes every key of a Secret."),
    })
    .describe("One ConfigMap or Secret."),
  [
    {
      rule: "has(self.configMapRef) != has(self.secretRef)",
      message: "set exactly one of configMapRef and secretRef",
      holds: (self) => (self.configMapRef === undefined) !== (self.secretRef === undefined),
    },
  ],
);

/** Names of resources to amounts. */
const amounts = () => z.record(z.string(), quantity()).meta({ maxProperties: 16 });

const localReference = z
  .object({ name: objectName().describe("Name of the Secret, in the same namespace.") })
  .describe("A Secret of type kubernetes.io/dockerconfigjson.");

const textMap = () => z.record(z.string(), text(32_768, 0)).meta({ maxProperties: 64 });

/** Fields of an Agent that end up in its container and Pod as Kubernetes defines them. */
export const containerFields = {
  resources: z
    .object({
      limits: amounts()
        .optional()
        .describe("The most that the container may use, such as memory: 2Gi. Above its memory limit it is killed."),
      requests: amounts()
        .optional()
        .describe("What the container is promised; decides where it fits. Omitted: the limits."),
    })
    .optional()
    .describe("CPU and memory of the agent's container, as in any container."),
  env: listMap(envVar, "name", 100)
    .optional()
    .describe(
      "Environment variables of the agent's container. An entry here overrides the operator's own of that name.",
    ),
  envFrom: listAtomic(envFromSource, 32)
    .optional()
    .describe("ConfigMaps and Secrets whose every key becomes an environment variable."),
  serviceAccountName: objectName()
    .optional()
    .describe("ServiceAccount that the agent's Pods run as. Omitted: the namespace's default, without a token."),
  imagePullSecrets: listMap(localReference, "name", 16)
    .optional()
    .describe("Secrets with the credentials of private image registries."),
  podTemplate: z
    .object({
      metadata: z
        .object({
          labels: textMap().optional().describe("Labels added to the Pod."),
          annotations: textMap().optional().describe("Annotations added to the Pod."),
        })
        .optional()
        .describe("Labels and annotations added to the Pod."),
      spec: opaque()
        .optional()
        .describe("Any part of a PodSpec; the agent's own container is called agent. Checked by a dry run, not here."),
    })
    .optional()
    .describe(
      "An overlay on the Pods that the operator builds, merged last and strategically: lists by name, a null removes.",
    ),
};
