import { describe, expect, it } from "vitest";
import { helpText, parseOptions } from "./options.ts";

describe("the operator's options", () => {
  it("have defaults for everything", () => {
    expect(parseOptions([], {})).toMatchObject({
      run: "operator",
      options: { "leader-elect": true, namespaces: [], workers: 32, "log-format": "json", "default-images": {} },
    });
  });

  it("take flags before the environment before defaults", () => {
    const env = { DARKFACTORY_LOG_LEVEL: "warn", DARKFACTORY_WORKERS: "3" };
    expect(parseOptions(["--log-level", "debug"], env)).toMatchObject({
      options: { "log-level": "debug", workers: 3 },
    });
  });

  it("read lists and pairs", () => {
    expect(parseOptions(["--namespaces=a,b", "--default-images=claude=x/c:1,text=x/t@sha256:0"], {})).toMatchObject({
      options: { namespaces: ["a", "b"], "default-images": { claude: "x/c:1", text: "x/t@sha256:0" } },
    });
  });

  it.each([
    [["--workers", "0"], {}, '--workers: "0" must be at least 1'],
    [["--workers", "many"], {}, '--workers: "many" must be a whole number from 1 to 64'],
    [[], { DARKFACTORY_LEADER_ELECT: "yes" }, 'DARKFACTORY_LEADER_ELECT: "yes" must be true or false'],
    [["--metrics-address", "8080"], {}, '--metrics-address: "8080" must be host:port, :port, or 0 to switch it off'],
    [["--namespaces", "Bad_Name"], {}, "must be names of namespaces"],
    [["--default-images", "gpt=x"], {}, "must be tool=image pairs"],
    [["--nope"], {}, "--nope"],
    [["stray"], {}, "stray"],
  ])("say in one line what is wrong with %j %j", (args, env, message) => {
    const parsed = parseOptions(args, env);
    expect(parsed).toMatchObject({ run: "nothing" });
    const wrong = "wrong" in parsed ? parsed.wrong : "";
    expect(wrong).toContain(message);
    expect(wrong).not.toContain("\n");
  });

  it("show every flag in the help, in lines that fit a terminal of 160 columns", () => {
    expect(helpText()).toContain("--leader-election-namespace");
    for (const line of helpText().split("\n")) expect(line.length).toBeLessThanOrEqual(160);
  });
});
