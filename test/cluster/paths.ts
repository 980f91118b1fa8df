import { homedir } from "node:os";
import { join } from "node:path";

/** What can be made again at a cost: built programs and images, shared by every checkout of this user. */
export const cacheDirectory = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "darkfactory");

/** What running clusters own, one folder per cluster; gone when the cluster is. */
export const clustersDirectory = join(
  process.env["XDG_STATE_HOME"] || join(homedir(), ".local", "state"),
  "darkfactory",
  "clusters",
);

/** The folder of one cluster's state. */
export const clusterDirectory = (name: string): string => join(clustersDirectory, name);

/** The folder of a real node's sockets, whose paths Linux cuts at 107 characters. */
export const runDirectoryOf = (name: string): string => `/run/darkfactory-${name}`;
