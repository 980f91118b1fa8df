import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const program = join(import.meta.dirname, "..", "..", "test", "rotated-logs.ts");

it("logs that were rotated since they were read are not kept in memory, however long they are and many at once", async () => {
  // Eight answers of 4 MiB as lines take 200 MB; what they count to, next to nothing.
  const { stdout } = await promisify(execFile)(process.execPath, ["--max-old-space-size=48", program]);
  expect(stdout).toBe("true\n");
});
