import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

/** The bytes of a file, unpacked if it is gzip (RFC 1952: it begins with 1f 8b), without holding more than a piece of it. */
export async function* plainBytes(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  let head = new Uint8Array();
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    head = Buffer.concat([head, next.value]);
    if (head.length >= 2) break;
  }
  const all = prepend(head, chunks);
  yield* head[0] === 0x1f && head[1] === 0x8b ? unpacked(all) : all;
}

async function* prepend(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

async function* unpacked(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  // What goes wrong on the way ends the stream that is read below, which throws it.
  pipeline(Readable.from(packed), gunzip).catch(() => undefined);
  for await (const chunk of gunzip) yield chunk as Uint8Array;
}
