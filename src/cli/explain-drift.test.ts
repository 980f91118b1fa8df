import { describe, expect, it } from "vitest";
import { runCli } from "../../test/cli.ts";

const run = (...args: string[]) => runCli(["explain", "drift", ...args]);

async function score(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await run(...args, "-o", "json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

const example =
  "--lines 100 --error-lines 20 --commands 0 --failed-commands 0 --health-checks 10 --healthy-checks 8".split(" ");

describe("darkfactory explain drift", () => {
  it("prints exactly one JSON object for programs: score, percent, level and the three terms (D3, D5)", async () => {
    expect((await run(...example, "-o", "json")).stdout).toBe(
      '{"score":0.2,"scorePercent":20,"level":"Moderate","samples":110,' +
        '"terms":{"errorRate":0.08000000000000002,"commandSuccessRate":0.059999999999999984,"healthScore":0.059999999999999984}}\n',
    );
  });

  it("prints a sentence and a table for people", async () => {
    const { code, stdout } = await run(...example);
    expect(code).toBe(0);
    expect(stdout.split("\n")).toEqual([
      "Moderate, 20 %: 20 of 100 lines were errors; 8 of 10 health checks passed",
      "",
      "                                             RATE     WEIGHT   ADDS",
      "lines that were errors                       20.0 %   40 %     8.0 %",
      "commands that failed (none seen: as lines)   20.0 %   30 %     6.0 %",
      "health checks that failed                    20.0 %   30 %     6.0 %",
      "score                                                          20.0 %",
      "",
    ]);
  });

  it("takes what is not given as 0, and has no percentage without samples (D4)", async () => {
    expect(await score()).toMatchObject({ score: 0, scorePercent: null, level: "Normal", samples: 0 });
    expect((await run()).stdout).toMatch(/^Normal, too few samples to judge, 0 of the 10 that are needed\n/);
  });

  it("judges from --min-samples on", async () => {
    const one = ["--lines", "7", "--error-lines", "1"];
    expect(await score(...one)).toMatchObject({ score: 0.09999999999999998, scorePercent: null, level: "Normal" });
    expect(await score(...one, "--min-samples", "7")).toMatchObject({ scorePercent: 9, level: "Normal" });
    expect(await score("--lines", "1", "--error-lines", "1", "--min-samples=1")).toMatchObject({ level: "Critical" });
  });

  it.each([
    [["--lines", "-1"], "option '--lines' argument is ambiguous"],
    [["--lines=-1"], '--lines "-1" is not a whole number from 0 to 9007199254740991'],
    [["--lines", "1.5"], '--lines "1.5" is not a whole number from 0 to 9007199254740991'],
    [["--lines", "many"], '--lines "many" is not a whole number from 0 to 9007199254740991'],
    [["--lines", ""], '--lines "" is not a whole number from 0 to 9007199254740991'],
    [["--lines", "9007199254740993"], '--lines "9007199254740993" is not a whole number from 0 to 9007199254740991'],
    [["--lines", "1", "--error-lines", "2"], "--error-lines 2 is more than --lines 1"],
    [["--failed-commands", "1"], "--failed-commands 1 is more than --commands 0"],
    [["--health-checks", "1", "--healthy-checks", "2"], "--healthy-checks 2 is more than --health-checks 1"],
    [["--min-samples", "0"], '--min-samples "0" is not a whole number from 1 to 2147483647'],
    [["-o", "yaml"], '--output "yaml" is neither text nor json'],
    [["100"], 'unexpected argument "100"'],
    [["--errors", "1"], "unknown option '--errors'"],
  ])("refuses %j in one line on stderr, with exit code 2", async (args, problem) => {
    expect(await run(...args)).toEqual({ code: 2, stdout: "", stderr: `darkfactory: ${problem}\n` });
  });

  it("prints its help", async () => {
    const { code, stdout } = await run("--help");
    expect(code).toBe(0);
    for (const flag of ["--lines", "--healthy-checks", "--min-samples", "-o, --output"]) expect(stdout).toContain(flag);
  });
});
