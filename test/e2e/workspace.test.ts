import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { AgentSpecInput } from "../../src/api/v1alpha1/agent.ts";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { claimResource } from "../../src/kube/types-core.ts";
import { openCluster } from "../cluster/cluster.ts";
import { gitImage } from "../cluster/node-images.ts";
import { bareRepository, commitFile, git } from "../git/repository.ts";
import { startGitServer, type GitServer } from "../git/server.ts";
import { anOperatedNamespace } from "../integration/operator-support.ts";
import { apply, eventually, kubectl, mustKubectl } from "../integration/support.ts";
import { growthIn } from "./growth.ts";

const login = { username: "robot", password: "correct-horse-battery-staple" };

// The git server and the volume are on this machine: Pods of a cluster elsewhere would not reach them.
describe.skipIf(process.env["KUBECONFIG"])("a workspace on a real node", () => {
  const operated = anOperatedNamespace(["--default-images", `git=${gitImage}`]);
  const { namespace } = operated;
  const growth = growthIn(operated);

  let folder: string;
  let server: GitServer;
  /** The commits of main, oldest first. */
  let commits: readonly string[];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "darkfactory-"));
    const work = join(folder, "work");
    git(folder, "init", "--quiet", "--initial-branch", "main", work);
    commits = ["one", "two"].map((text) => commitFile(work, "file", text));
    git(work, "push", "--quiet", bareRepository(folder, "shop.git"), "main");
    const { hostAddress } = await openCluster(inject("cluster").name ?? "");
    server = await startGitServer({ address: hostAddress, folder, login });
    await secret("login", login);
    await startAll();
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const secret = (name: string, stringData: Readonly<Record<string, string>>): Promise<void> =>
    apply({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, stringData });

  /** An agent whose image has git too, so that it can look around; `git` is workspace.git, of the server's repository. */
  const workIn = (name: string, task: string, git: object, more: Partial<AgentSpecInput> = {}): Promise<void> => {
    const workspace = { git: { url: server.urlOf("shop.git"), ...git }, ...more.workspace };
    return growth.agent(name, task, { image: gitImage, ...more, workspace });
  };
  const withLogin = { secretRef: { name: "login" } };

  /** All runs that need no other's end start at once, and each test waits for its own. */
  const startAll = async (): Promise<void> => {
    await secret("wrong", { ...login, password: "wrong-horse" });
    await secret("partial", { username: login.username });
    const look =
      'git log -1 --format="at %H"; cat file; git status --porcelain; cat .git/config; env; ls -A /tmp "$HOME"';
    await Promise.all([
      workIn("reader", look, { ref: "main", ...withLogin }),
      workIn("historian", 'git log -1 --format="at %H"', { ref: commits[0], ...withLogin }),
      workIn("nobody", "echo started", {}),
      workIn("stranger", "echo started", { secretRef: { name: "wrong" } }),
      workIn("lost", "echo started", { ref: "gone", ...withLogin }),
      workIn("early", "cat file", { secretRef: { name: "missing" } }),
      workIn("halfway", "cat file", { secretRef: { name: "partial" } }),
    ]);
    const names = ["reader", "historian", "nobody", "stranger", "lost", "early", "halfway"];
    await Promise.all(names.map((name) => growth.request(`${name}-1`, name)));
  };

  /** Everything that a person can read about the namespace, Secrets aside: objects, events, logs of all containers. */
  const readable = async (): Promise<string> => {
    const within = ["--namespace", namespace];
    const objects = await mustKubectl([...within, "get", "agents,agentruns,jobs,pods,events,pvc", "--output=yaml"]);
    const selector = ["--selector=app.kubernetes.io/managed-by=darkfactory"];
    const { stdout } = await kubectl([
      ...within,
      "logs",
      ...selector,
      "--all-containers",
      "--tail=-1",
      "--ignore-errors",
      "--max-log-requests=50",
    ]);
    return [objects, stdout, ...operated.operator().logTail()].join("\n");
  };

  /** The run failed before the agent's container ever started. */
  const failsClosed = async (name: string): Promise<string> => {
    const { status } = await growth.ended(name);
    expect(status?.exit).toMatchObject({ class: "ConfigError", reason: "WorkspaceFailed" });
    const [pod] = await growth.podsOf(name);
    const agent = pod?.status?.containerStatuses?.find((container) => container.name === "agent");
    expect(agent).toMatchObject({ started: false, state: { waiting: { reason: "PodInitializing" } } });
    expect(await growth.log(name)).toBe("");
    return status?.conditions?.find(({ type }) => type === "Failed")?.message ?? "";
  };

  it("does not start while its Secret is missing or lacks the key, and says which, until they are there", async () => {
    expect(await growth.shows("early-1", "InvalidConfig")).toMatch(/secret "missing" not found/);
    expect(await growth.shows("halfway-1", "InvalidConfig")).toMatch(/couldn't find key password in Secret .*partial/);
    for (const name of ["missing", "partial"]) await secret(name, login);
    // The last test waits for what follows: the kubelet looks again after some ten seconds.
  });

  it("is the ref that was asked for, cloned with the Secret's credentials, which are found nowhere else", async () => {
    expect((await growth.ended("reader-1")).status?.exit?.class).toBe("Success");
    const log = await growth.log("reader-1");
    expect(log).toContain(`at ${commits[1]}\ntwo[core]`);
    expect(log).toContain(`url = ${server.urlOf("shop.git")}`);
    expect(log).not.toMatch(/GIT_PASSWORD|credential/);
    const all = await readable();
    expect(all).toContain(`checked out main of ${server.urlOf("shop.git")}: commit ${commits[1]}`);
    expect(all).toContain(`at ${commits[1]}`);
    expect(all).not.toContain(login.password);
  });

  it("may be of a commit in the history of a branch", async () => {
    expect((await growth.ended("historian-1")).status?.exit?.class).toBe("Success");
    expect(await growth.log("historian-1")).toBe(`at ${commits[0]}\n`);
  });

  it("fails closed without credentials, with wrong ones and for a ref that is not there, and says why", async () => {
    expect(await failsClosed("nobody-1")).toContain("could not read Username");
    expect(await failsClosed("stranger-1")).toContain("Authentication failed");
    expect(await failsClosed("lost-1")).toContain("has no branch, tag or commit gone");
    expect(await readable()).not.toMatch(/correct-horse|wrong-horse/);
  });

  describe("that is persistent", () => {
    const claim = "keeper-workspace";
    const volume = `keeper-${Math.random().toString(36).slice(2, 10)}`;
    let disk: string;
    /** No provisioner serves the test's node: a volume that only this claim may have. */
    beforeAll(async () => {
      disk = mkdtempSync(join(tmpdir(), "darkfactory-"));
      chmodSync(disk, 0o777);
      await apply({
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { name: volume },
        spec: {
          capacity: { storage: "1Gi" },
          accessModes: ["ReadWriteOnce"],
          persistentVolumeReclaimPolicy: "Retain",
          hostPath: { path: disk },
          claimRef: { namespace, name: claim },
        },
      });
      const task = `
        cat notes 2>/dev/null
        echo "worked in by $DARKFACTORY_RUN" >> notes
        git add notes && git -c user.name=a -c user.email=a@example.com commit --quiet --message "$DARKFACTORY_RUN"
        until [ -e released ]; do sleep 0.2; done
        git log --format=%s`;
      await workIn("keeper", task, withLogin, { workspace: { persistent: { size: "1Gi" } } });
    });
    afterAll(async () => {
      await kubectl(["delete", "persistentvolume", volume, "--wait=false", "--ignore-not-found"]);
      rmSync(disk, { recursive: true, force: true });
    });

    it("has one claim, one Pod at a time, and keeps commits from run to run", async () => {
      await growth.request("keep-1", "keeper");
      await eventually(() => expect(existsSync(join(disk, "notes"))).toBe(true), { timeoutMs: 120_000 });
      await growth.request("keep-2", "keeper");
      expect(await growth.shows("keep-2", "WorkspaceInUse")).toContain("keep-1");
      expect(await growth.podsOf("keep-2")).toEqual([]);
      writeFileSync(join(disk, "released"), "");
      for (const name of ["keep-1", "keep-2"]) expect((await growth.ended(name)).status?.exit?.class).toBe("Success");
      expect(await growth.log("keep-2")).toBe("worked in by keep-1\nkeep-2\nkeep-1\nwrite file\n");
      expect((await operated.list(claimResource)).map(({ metadata }) => metadata.name)).toEqual([claim]);
    });

    it("is refused for another ref, and its work stays", async () => {
      await operated.patch(agentResource, "keeper", { spec: { workspace: { git: { ref: commits[0] } } } });
      await growth.request("keep-3", "keeper");
      expect(await failsClosed("keep-3")).toContain("the workspace holds another checkout");
      expect(git(disk, "-c", "safe.directory=*", "log", "-1", "--format=%s")).toBe("keep-2");
    });

    it("goes with the agent, Pods and all", async () => {
      await operated.remove(agentResource, "keeper", "Foreground");
      // In whatever order they go: a Pod that has ended keeps no claim.
      await eventually(
        async () => {
          expect(await operated.list(claimResource)).toEqual([]);
          for (const name of ["keep-1", "keep-2", "keep-3"]) expect(await growth.podsOf(name)).toEqual([]);
        },
        { timeoutMs: 120_000 },
      );
    });
  });
  it("is there once its Secret is", async () => {
    for (const name of ["early-1", "halfway-1"]) {
      expect((await growth.ended(name)).status?.exit?.class).toBe("Success");
      expect(await growth.log(name)).toBe("two");
    }
  });
});
