import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AuditRule, auditFlags } from "../cluster/audit-log.ts";
import { inOwnCluster, type Inside } from "../cluster/in-cluster.ts";
import { PERSON } from "./audit-trail.ts";

/** A cluster of simulated nodes, and a client that knows no faults. */
export interface Theatre extends Inside {
  /** Where the audit log, if there is one, and the operators' logs are. */
  readonly folder: string;
}

/**
 * Opens one for the time of `work`, and leaves nothing of it. Its API server writes down what `audit` says; without, it keeps
 * no log at all, which is work of its own.
 */
export async function inTheatre<T>(
  nodes: number,
  work: (theatre: Theatre) => Promise<T>,
  audit?: readonly AuditRule[],
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "chaos-"));
  const flags = audit === undefined ? {} : { flags: await auditFlags(folder, audit) };
  try {
    return await inOwnCluster({ nodes: { simulated: nodes }, userAgent: PERSON, ...flags }, (inside) =>
      work({ ...inside, folder }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
