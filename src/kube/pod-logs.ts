import { streamIn } from "./answer.ts";
import type { LogOptions } from "./client.ts";
import { TransportError } from "./errors.ts";
import { asTransportError } from "./exchange.ts";
import type { Bounds } from "./limit.ts";
import { objectPath } from "./resource-path.ts";
import type { Call, Transport } from "./transport.ts";
import type { ObjectRef, ResourceType } from "./types.ts";

const POD: ResourceType = { group: "", version: "v1", kind: "Pod", plural: "pods", namespaced: true };

/** A Pod's log, chunk by chunk as it comes. The deadline bounds the whole reading. */
export async function* readLog(
  transport: Transport,
  pod: ObjectRef,
  options: LogOptions,
  bounds: Bounds,
): AsyncGenerator<Uint8Array> {
  const call: Call = {
    method: "GET",
    path: objectPath(POD, pod, "log"),
    query: {
      container: options.container,
      sinceTime: options.sinceTime,
      timestamps: options.timestamps?.toString(),
      limitBytes: options.limitBytes?.toString(),
      tailLines: options.tailLines?.toString(),
      previous: options.previous?.toString(),
    },
    retry: true,
    ...bounds,
  };
  const stream = streamIn(call, await transport.open(call));
  const cancel = transport.clock.after(call.deadlineMs, () => {
    stream.destroy(new TransportError("deadline", call, `the log was not read within ${call.deadlineMs} ms`));
  });
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    throw asTransportError(error, call, true);
  } finally {
    cancel();
    stream.destroy();
  }
}
