import { generateKeyPairSync } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "./run.ts";

interface Leaf {
  readonly name: string;
  readonly subject: string;
  readonly usage: "serverAuth" | "clientAuth";
  readonly alternativeNames?: readonly string[];
}

/**
 * One CA and one key pair per identity of the cluster, written as <name>.crt and <name>.key, plus the key pair of
 * service account tokens (sa.key, sa.pub). `address` is where the API server and the kubelet serve.
 */
export async function writePki(directory: string, address: string, nodeName: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const kubernetes = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
  ];
  const here = ["DNS:localhost", "IP:127.0.0.1", `IP:${address}`];
  const leaves: readonly Leaf[] = [
    {
      name: "apiserver",
      subject: "/CN=kube-apiserver",
      usage: "serverAuth",
      alternativeNames: [...here, `IP:${kubernetesServiceAddress}`, ...kubernetes.map((name) => `DNS:${name}`)],
    },
    {
      name: "apiserver-kubelet-client",
      subject: "/O=system:masters/CN=kube-apiserver-kubelet-client",
      usage: "clientAuth",
    },
    { name: "front-proxy", subject: "/CN=front-proxy-client", usage: "clientAuth" },
    { name: "admin", subject: "/O=system:masters/CN=admin", usage: "clientAuth" },
    { name: "kube-controller-manager", subject: "/CN=system:kube-controller-manager", usage: "clientAuth" },
    { name: "kube-scheduler", subject: "/CN=system:kube-scheduler", usage: "clientAuth" },
    { name: "kubelet", subject: `/O=system:nodes/CN=system:node:${nodeName}`, usage: "clientAuth" },
    {
      name: "kubelet-serving",
      subject: `/O=system:nodes/CN=system:node:${nodeName}`,
      usage: "serverAuth",
      alternativeNames: [...here, `DNS:${nodeName}`],
    },
  ];
  await writeFile(join(directory, "openssl.cnf"), opensslConfiguration(leaves));
  await Promise.all(["ca", "sa", ...leaves.map(({ name }) => name)].map((name) => writeKeyPair(directory, name)));
  await certify(directory, "ca", "/CN=darkfactory-test-ca", []);
  await Promise.all(
    leaves.map(({ name, subject }) => certify(directory, name, subject, ["-CA", "ca.crt", "-CAkey", "ca.key"])),
  );
}

/** The first address of the services' range 10.96.0.0/16: the Service kubernetes.default. */
export const kubernetesServiceAddress = "10.96.0.1";

async function writeKeyPair(directory: string, name: string): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await writeFile(join(directory, `${name}.key`), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  if (name === "sa") await writeFile(join(directory, "sa.pub"), publicKey.export({ type: "spki", format: "pem" }));
}

/** Ten years: no test cluster outlives its certificates. */
const validDays = "3650";

async function certify(directory: string, name: string, subject: string, issuer: readonly string[]): Promise<void> {
  const request = ["req", "-x509", "-new", "-config", "openssl.cnf", "-extensions", name, "-days", validDays];
  const files = ["-key", `${name}.key`, "-out", `${name}.crt`];
  await mustRun("openssl", [...request, "-subj", subject, ...issuer, ...files], { cwd: directory });
}

function opensslConfiguration(leaves: readonly Leaf[]): string {
  const sections = leaves.map(({ name, usage, alternativeNames }) =>
    [
      `[${name}]`,
      "basicConstraints = critical,CA:FALSE",
      "keyUsage = critical,digitalSignature",
      `extendedKeyUsage = ${usage}`,
      "authorityKeyIdentifier = keyid",
      ...(alternativeNames ? [`subjectAltName = ${alternativeNames.join(",")}`] : []),
    ].join("\n"),
  );
  const ca = [
    "[ca]",
    "basicConstraints = critical,CA:TRUE",
    "keyUsage = critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier = hash",
  ].join("\n");
  return ["[req]\ndistinguished_name = subject\n[subject]", ca, ...sections, ""].join("\n");
}
