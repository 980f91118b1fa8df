/** Pod Security Standards, level "restricted", and a numeric user, so that an image without one still is not root. */
export const podSecurity = {
  runAsNonRoot: true,
  runAsUser: 65532,
  runAsGroup: 65532,
  fsGroup: 65532,
  seccompProfile: { type: "RuntimeDefault" },
} as const;

/** The same standard, per container, and a root that cannot be written. */
export const containerSecurity = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
} as const;

/** Where an agent may write. The working directory is the workspace; agent CLIs also want a home and a temporary folder. */
export const writable = [
  { name: "workspace", mountPath: "/workspace" },
  { name: "home", mountPath: "/home/agent" },
  { name: "tmp", mountPath: "/tmp" },
] as const;
