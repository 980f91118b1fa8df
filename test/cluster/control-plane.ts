import { join } from "node:path";
import type { ComponentName, ComponentSpec } from "./components.ts";
import { directoryOf, type ClusterRecord } from "./record.ts";

/** More arguments for single programs; they come last, so they also replace those given here. */
export type ExtraFlags = Readonly<Partial<Record<ComponentName, readonly string[]>>>;

/**
 * etcd without fsync: SIGKILL loses nothing, since the page cache outlives a process; only a crash of the machine does.
 */
export function etcd(record: ClusterRecord): ComponentSpec {
  const { address, ports } = record;
  const [client, peer] = [`http://${address}:${ports.etcd}`, `http://${address}:${ports.etcdPeer}`];
  return {
    name: "etcd",
    command: join(record.programs, "etcd"),
    args: [
      `--data-dir=${join(directoryOf(record), "etcd")}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      "--unsafe-no-fsync",
      "--log-level=warn",
      `--quota-backend-bytes=${4 * 1024 ** 3}`,
      `--max-request-bytes=${10 * 1024 ** 2}`,
    ],
  };
}

/** The API server with everything that a production cluster has on: Node and RBAC authorization, aggregation, tokens. */
export function apiserver(record: ClusterRecord): ComponentSpec {
  const { address, ports } = record;
  const pki = (file: string): string => join(directoryOf(record), "pki", file);
  // The Service kubernetes.default cannot point to a loopback address: without a namespace it has no endpoints.
  const served =
    address === "127.0.0.1"
      ? [`--bind-address=${address}`, "--endpoint-reconciler-type=none"]
      : ["--bind-address=0.0.0.0"];
  return {
    name: "kube-apiserver",
    command: join(record.programs, "kube-apiserver"),
    args: [
      `--etcd-servers=http://${address}:${ports.etcd}`,
      ...served,
      `--advertise-address=${address}`,
      `--secure-port=${ports.apiserver}`,
      `--tls-cert-file=${pki("apiserver.crt")}`,
      `--tls-private-key-file=${pki("apiserver.key")}`,
      `--client-ca-file=${pki("ca.crt")}`,
      `--kubelet-client-certificate=${pki("apiserver-kubelet-client.crt")}`,
      `--kubelet-client-key=${pki("apiserver-kubelet-client.key")}`,
      `--kubelet-certificate-authority=${pki("ca.crt")}`,
      "--kubelet-preferred-address-types=InternalIP",
      "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
      `--service-account-key-file=${pki("sa.pub")}`,
      `--service-account-signing-key-file=${pki("sa.key")}`,
      `--requestheader-client-ca-file=${pki("ca.crt")}`,
      "--requestheader-allowed-names=front-proxy-client",
      "--requestheader-username-headers=X-Remote-User",
      "--requestheader-group-headers=X-Remote-Group",
      "--requestheader-extra-headers-prefix=X-Remote-Extra-",
      `--proxy-client-cert-file=${pki("front-proxy.crt")}`,
      `--proxy-client-key-file=${pki("front-proxy.key")}`,
      "--authorization-mode=Node,RBAC",
      "--enable-admission-plugins=NodeRestriction",
      "--allow-privileged=true",
      "--service-cluster-ip-range=10.96.0.0/16",
      "--profiling=false",
    ],
  };
}

/** `tuned` lifts the controller manager's own request limits, which cap Jobs at 3.4/s (measured) and hide the operator. */
export function controllerManager(record: ClusterRecord, tuned: boolean): ComponentSpec {
  const pki = (file: string): string => join(directoryOf(record), "pki", file);
  return {
    name: "kube-controller-manager",
    command: join(record.programs, "kube-controller-manager"),
    args: [
      ...asClient(record, "kube-controller-manager", record.ports.controllerManager),
      "--use-service-account-credentials=true",
      `--service-account-private-key-file=${pki("sa.key")}`,
      `--root-ca-file=${pki("ca.crt")}`,
      `--cluster-signing-cert-file=${pki("ca.crt")}`,
      `--cluster-signing-key-file=${pki("ca.key")}`,
      ...(tuned
        ? [
            "--kube-api-qps=1000",
            "--kube-api-burst=2000",
            "--concurrent-job-syncs=20",
            "--concurrent-cron-job-syncs=20",
            "--concurrent-gc-syncs=40",
            "--concurrent-namespace-syncs=20",
          ]
        : []),
    ],
  };
}

export function scheduler(record: ClusterRecord, tuned: boolean): ComponentSpec {
  return {
    name: "kube-scheduler",
    command: join(record.programs, "kube-scheduler"),
    args: [
      ...asClient(record, "kube-scheduler", record.ports.scheduler),
      ...(tuned ? ["--kube-api-qps=1000", "--kube-api-burst=2000"] : []),
    ],
  };
}

function asClient(record: ClusterRecord, name: ComponentName, port: number): readonly string[] {
  const kubeconfig = join(directoryOf(record), "kubeconfigs", name);
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    `--bind-address=${record.address}`,
    `--secure-port=${port}`,
    "--leader-elect=false",
    "--profiling=false",
  ];
}
