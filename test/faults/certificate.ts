import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "../cluster/run.ts";

/** A key and a certificate for 127.0.0.1 that is its own CA. */
export async function selfSigned(directory: string): Promise<{ readonly key: string; readonly cert: string }> {
  const [key, cert] = [join(directory, "proxy.key"), join(directory, "proxy.crt")];
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key];
  const names = ["-subj", "/CN=fault-proxy", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  await mustRun("openssl", ["req", "-x509", ...newKey, "-out", cert, "-days", "30", ...names]);
  return { key: await readFile(key, "utf8"), cert: await readFile(cert, "utf8") };
}
