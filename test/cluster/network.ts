import { existsSync } from "node:fs";
import { kubernetesServiceAddress } from "./pki.ts";
import { mustRun, run } from "./run.ts";
import type { ComponentSpec } from "./components.ts";

/** Both ends of the cable between the host and a cluster's namespace, and the addresses of its Pods. */
export const addressesOf = (subnet: number) => ({
  host: `10.99.${subnet}.1`,
  cluster: `10.99.${subnet}.2`,
  pods: `10.244.${subnet}.0/24`,
});

export const namespaceOf = (cluster: string): string => `df-${cluster}`;

/** Where iproute2 pins a namespace. */
export const namespaceFile = (cluster: string): string => `/run/netns/${namespaceOf(cluster)}`;

/** The host's end of the cable. */
export const linkOf = (subnet: number): string => `df${subnet}`;

/** A number from 1 to 254 that neither these clusters nor a network device of the host uses. */
export function freeSubnet(taken: ReadonlySet<number>): number {
  for (let subnet = 1; subnet < 255; subnet += 1) {
    if (!taken.has(subnet) && !existsSync(`/sys/class/net/${linkOf(subnet)}`)) return subnet;
  }
  throw new Error("all 254 networks for clusters are in use");
}

/**
 * Makes the network namespace of a cluster and joins it to the host. It has no way to anywhere else, so what would
 * need one (such as pulling an image) fails at once. Its loopback device has the address of the Service kubernetes.default, so that Pods reach
 * the API server, which listens on all addresses, under its usual name without a kube-proxy.
 */
export async function createNetwork(cluster: string, subnet: number): Promise<void> {
  const namespace = namespaceOf(cluster);
  const link = linkOf(subnet);
  const addresses = addressesOf(subnet);
  await ip("netns", "add", namespace);
  await ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", namespace);
  await ip("address", "add", `${addresses.host}/30`, "dev", link);
  await ip("link", "set", link, "up");
  await ip("-n", namespace, "link", "set", "lo", "up");
  await ip("-n", namespace, "address", "add", `${kubernetesServiceAddress}/32`, "dev", "lo");
  await ip("-n", namespace, "address", "add", `${addresses.cluster}/30`, "dev", "eth0");
  await ip("-n", namespace, "link", "set", "eth0", "up");
  await ip("route", "add", addresses.pods, "via", addresses.cluster);
}

/** Removes what createNetwork made; does nothing where there is nothing. */
export async function removeNetwork(cluster: string, subnet: number | undefined): Promise<void> {
  // The link first: a namespace's end removes its devices too, but some time later.
  if (subnet !== undefined) await run("ip", ["link", "delete", linkOf(subnet)]);
  if (existsSync(namespaceFile(cluster))) await ip("netns", "delete", namespaceOf(cluster));
}

/**
 * The same component in the cluster's namespace. By nsenter, which replaces itself by the program: 'ip netns exec'
 * would mount another /sys, without the cgroups that a kubelet needs.
 */
export function inNamespace(cluster: string, spec: ComponentSpec): ComponentSpec {
  return { ...spec, command: "nsenter", args: [`--net=${namespaceFile(cluster)}`, "--", spec.command, ...spec.args] };
}

async function ip(...args: readonly string[]): Promise<void> {
  await mustRun("ip", args);
}
