import { beforeAll, describe, expect, it } from "vitest";
import { isInvalid, isNotFound } from "../../src/kube/errors.ts";
import type { LogOptions } from "../../src/kube/client.ts";
import { aFaultyWay } from "../faults/for-tests.ts";
import { all, failure } from "./kube-support.ts";
import { apply, aNamespace, eventually, mustKubectl } from "./support.ts";

const namespace = aNamespace();
const way = aFaultyWay();
const pod = { namespace, name: "talker" };

/** The log through the proxy, as text. */
async function read(options: LogOptions = {}): Promise<string> {
  const client = await way.client();
  return Buffer.concat(await all(client.logs(pod, options))).toString("utf8");
}

beforeAll(async () => {
  const container = { name: "agent", image: "kr.local/text:1" };
  await apply({ apiVersion: "v1", kind: "Pod", metadata: pod, spec: { containers: [container] } });
  await eventually(async () =>
    expect((await mustKubectl(["-n", namespace, "logs", "talker"])).length).toBeGreaterThan(0),
  );
});

describe("a Pod's log", () => {
  it("is the bytes that kubectl shows", async () => {
    const shown = await mustKubectl(["-n", namespace, "logs", "talker", "--timestamps"]);
    expect(await read({ timestamps: true })).toBe(shown);
  });

  it("can be limited in lines and bytes, and to one container", async () => {
    const whole = await read();
    expect(await read({ container: "agent", limitBytes: 5 })).toBe(whole.slice(0, 5));
    expect((await read({ tailLines: 1 })).trimEnd().split("\n")).toHaveLength(1);
  });

  it("is read again when the server was busy or the connection refused", async () => {
    const whole = await read();
    way.proxy.plan({ subresource: "log", nth: 1, fault: { fault: "answer", code: 503 } });
    way.proxy.plan({ subresource: "log", nth: 2, fault: { fault: "cut" } });
    expect(await read()).toBe(whole);
  });

  it("of a Pod or container that is not there is an error that says so", async () => {
    expect(isNotFound(await failure(all(way.direct.logs({ namespace, name: "nobody" }))))).toBe(true);
    expect(isInvalid(await failure(all(way.direct.logs(pod, { container: "nobody" }))))).toBe(true);
  });
});
