/**
 * Fields of spec that the operator stores and does not act on yet, by kind and path, with what their description says
 * then. A row covers all fields below it. Whoever makes a field work deletes its row: CRDs and reference follow.
 * A row for a field of an Agent's spec holds in a fleet's `agents` and `defaults` as well.
 */
export const notActedOn: Readonly<Record<string, string>> = {
  "Agent.spec.capabilities": "Not acted on yet.",
};

/** Fields of which only some values are acted on yet. A row holds for its field alone. */
export const partlyActedOn: Readonly<Record<string, string>> = {
  "Agent.spec.workspace.git.url": "Only https and http work yet.",
};

/** The note for the field at `path` of `kind` (list items are "[]"), or undefined when the operator acts on it. */
export function noteFor(kind: string, path: string): string | undefined {
  const own = `${kind}.${path}`;
  const ofAgent = own.replace(/^AgentFleet\.spec\.(agents\[\]|defaults)\./, "Agent.spec.");
  return partlyActedOn[ofAgent] ?? Object.entries(notActedOn).find(([row]) => covers(row, ofAgent))?.[1];
}

function covers(row: string, path: string): boolean {
  return path === row || path.startsWith(`${row}.`) || path.startsWith(`${row}[`);
}
