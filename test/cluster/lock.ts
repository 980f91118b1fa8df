import { createHash } from "node:crypto";
import { createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Runs work while no other process of this machine holds the lock of that name. The lock is a Unix socket in Linux'
 * abstract namespace: the kernel frees it when its process dies, however it dies, so no lock is ever stale.
 */
export async function withLock<T>(
  name: string,
  work: () => Promise<T>,
  { onWait, aborted }: { readonly onWait?: () => void; readonly aborted?: AbortSignal | undefined } = {},
): Promise<T> {
  const address = `\0darkfactory-${createHash("sha256").update(name).digest("hex").slice(0, 32)}`;
  let lock = await tryListen(address);
  if (!lock) onWait?.();
  while (!lock) {
    await sleep(100);
    aborted?.throwIfAborted();
    lock = await tryListen(address);
  }
  const held = lock;
  try {
    return await work();
  } finally {
    await new Promise((resolve) => held.close(resolve));
  }
}

function tryListen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen({ path: address, exclusive: true }, () => resolve(server));
  });
}
