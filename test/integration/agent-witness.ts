import { expect, onTestFinished } from "vitest";
import { type Agent, agentResource } from "../../src/api/v1alpha1/agent.ts";
import { request } from "../../src/controllers/agent/observed.ts";
import type { Stored } from "../../src/kube/types.ts";
import type { Hands } from "./operator-support.ts";
import { eventually } from "./support.ts";

/** What the agents of a namespace have been since the witness began to watch: much of it lasts for one evaluation only. */
export interface AgentWitness {
  /** Waits until some version of an agent has passed these expectations, and gives the first that did. */
  readonly saw: (
    name: string,
    expectations: (agent: Stored<Agent>) => void,
    wait?: { readonly timeoutMs: number },
  ) => Promise<Stored<Agent>>;
}

/** It was asked for something by annotation, and its status says that this was done. */
export function expectAnswered({ metadata, status }: Stored<Agent>, which: keyof typeof request): void {
  const { annotation, echo } = request[which];
  expect(status?.[echo]).toBeDefined();
  expect(status?.[echo]).toBe(metadata.annotations?.[annotation]);
}

/** Watches from now until `onEnd`'s callback is called: the end of the test. */
export async function watchAgents(
  { namespace, client }: Pick<Hands, "namespace" | "client">,
  onEnd: (cleanUp: () => Promise<void>) => void = onTestFinished,
): Promise<AgentWitness> {
  const seen: Stored<Agent>[] = [];
  let resourceVersion = "";
  for await (const page of client().list<Agent>(agentResource, { namespace })) {
    seen.push(...page.items);
    ({ resourceVersion } = page);
  }
  const end = new AbortController();
  const opened = Promise.withResolvers<void>();
  const watching = (async () => {
    // The API server ends a watch whose reader was slow for a while: it goes on from where it was.
    while (!end.signal.aborted) {
      const options = { namespace, resourceVersion, signal: end.signal, onOpen: () => opened.resolve() };
      for await (const event of client().watch<Agent>(agentResource, options)) {
        resourceVersion = event.type === "BOOKMARK" ? event.resourceVersion : event.object.metadata.resourceVersion;
        if (event.type !== "BOOKMARK") seen.push(event.object);
      }
    }
  })();
  onEnd(async () => {
    end.abort();
    await watching;
  });
  await Promise.race([opened.promise, watching]);
  return {
    saw: (name, expectations, wait) =>
      eventually(() => {
        let why: unknown = new Error(`no Agent ${name} was seen`);
        for (const version of seen.filter(({ metadata }) => metadata.name === name)) {
          try {
            expectations(version);
            return version;
          } catch (error) {
            why = error;
          }
        }
        throw why;
      }, wait),
  };
}
