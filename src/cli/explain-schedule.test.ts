import { describe, expect, it } from "vitest";
import { darkfactory } from "./commands.ts";
import { runCommandLine } from "./run.ts";

const NOW = Date.parse("2026-03-27T12:00:00Z");

async function run(...args: string[]) {
  let stdout = "";
  let stderr = "";
  const code = await runCommandLine(darkfactory, ["explain", "schedule", ...args], {
    stdout: (text) => void (stdout += text),
    stderr: (text) => void (stderr += text),
    read: () => {
      throw new Error("reads no file");
    },
    now: () => NOW,
  });
  return { code, stdout, stderr };
}

async function occurrences(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await run(...args, "-o", "json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

describe("darkfactory explain schedule", () => {
  it("prints a table of local time, UTC and distance for people", async () => {
    const { code, stdout } = await run("0 3 * * 1-5", "--time-zone", "Europe/London", "--count", "2");
    expect(code).toBe(0);
    expect(stdout.split("\n")).toEqual([
      "LOCAL (Europe/London)         UTC                    WHEN",
      "Mon 2026-03-30 03:00 +01:00   2026-03-30T02:00:00Z   in 2d14h",
      "Tue 2026-03-31 03:00 +01:00   2026-03-31T02:00:00Z   in 3d14h",
      "",
    ]);
  });

  it("prints exactly one JSON object for programs", async () => {
    const { stdout } = await run("@daily", "--from=2026-03-28T00:00:00Z", "--count=2", "--output=json");
    expect(stdout).toBe('{"occurrences": ["2026-03-28T00:00:00Z", "2026-03-29T00:00:00Z"]}\n');
  });

  it("prints five occurrences from now in UTC unless told otherwise", async () => {
    expect(await occurrences("0 * * * *")).toEqual({
      occurrences: [12, 13, 14, 15, 16].map((hour) => `2026-03-27T${hour}:00:00Z`),
    });
  });

  it("includes --from and excludes --to", async () => {
    const span = ["--from", "2026-03-28T01:00:00+01:00", "--to", "2026-03-28T02:00:00Z"];
    expect(await occurrences("0 * * * *", ...span)).toEqual({
      occurrences: ["2026-03-28T00:00:00Z", "2026-03-28T01:00:00Z"],
    });
  });

  it("finds nothing between an instant and itself", async () => {
    const span = ["--from", "2026-03-28T00:00:00Z", "--to", "2026-03-28T00:00:00Z"];
    expect(await occurrences("* * * * *", ...span)).toEqual({ occurrences: [] });
  });

  it("prints all up to --to, more than five, unless --count stops it", async () => {
    const to = ["--to", "2026-03-27T12:10:00Z"];
    expect(await occurrences("* * * * *", ...to)).toHaveProperty("occurrences.length", 10);
    expect(await occurrences("* * * * *", ...to, "--count", "7")).toHaveProperty("occurrences.length", 7);
  });

  it("succeeds with an empty list where nothing fires", async () => {
    const span = ["0 0 * * *", "--to", "2026-03-27T13:00:00Z"];
    expect(await occurrences(...span)).toEqual({ occurrences: [] });
    expect((await run(...span)).stdout).toBe(
      "no occurrence from 2026-03-27T12:00:00Z to before 2026-03-27T13:00:00Z\n",
    );
  });

  it.each([
    [
      ["*/70 * * * *"],
      'schedule "*/70 * * * *" is invalid: minute "*/70" has step "70" over only 60 values, so nothing but 0 would ever match',
    ],
    [["-5 * * * *"], 'schedule "-5 * * * *" is invalid: minute "-5" is not a value or a range of two values'],
    [
      ["* * *\n* *\n*"],
      'schedule "* * *\\n* *\\n*" is invalid: it has 4 fields instead of five (minute, hour, day of month, month, day of week)',
    ],
    [["0 0 31 2 *"], 'schedule "0 0 31 2 *" never fires: no month that it names has such a day'],
    [
      ["@daily", "--time-zone", "Local"],
      'time zone "Local" is unknown: write an IANA name such as Europe/London or Etc/UTC',
    ],
    [["@daily", "--time-zone", ""], 'time zone "" is unknown: write an IANA name such as Europe/London or Etc/UTC'],
    [["@daily", "--from", "tomorrow"], '--from "tomorrow" is no time; write it like 2026-03-28T00:00:00Z'],
    [
      ["@daily", "--to", "2026-02-30T00:00:00Z"],
      '--to "2026-02-30T00:00:00Z" is no time; write it like 2026-03-28T00:00:00Z',
    ],
    [["@daily", "--to", "2026-03-27T11:59:59Z"], "--to 2026-03-27T11:59:59Z is before --from 2026-03-27T12:00:00Z"],
    [["@daily", "--count", "0"], '--count "0" is not a whole number from 1 to 10000'],
    [["@daily", "--count", "10001"], '--count "10001" is not a whole number from 1 to 10000'],
    [["@daily", "--count", "1e3"], '--count "1e3" is not a whole number from 1 to 10000'],
    [["@daily", "--count=-5"], '--count "-5" is not a whole number from 1 to 10000'],
    [["@daily", "--count", "-5"], "option '--count' argument is ambiguous"],
    [["@daily", "--count"], "option '--count <value>' argument missing"],
    [["@daily", "-o", "yaml"], '--output "yaml" is neither text nor json'],
    [["@daily", "--tz", "UTC"], "unknown option '--tz'"],
    [["@daily", "--t\nz"], "unknown option '--t z'"],
    [
      ["* * * * *", "--to", "2026-05-01T00:00:00Z"],
      "there are more than 10000 occurrences before --to 2026-05-01T00:00:00Z; choose an earlier one or --count",
    ],
    [["0", "3", "*", "*", "*"], "one schedule is expected, not 5 arguments; put it in quotes"],
    [[], "a schedule is missing; see darkfactory explain schedule --help"],
  ])("refuses %j in one line on stderr, with exit code 2", async (args, problem) => {
    expect(await run(...args)).toEqual({ code: 2, stdout: "", stderr: `darkfactory: ${problem}\n` });
  });

  it("prints its help wherever --help stands", async () => {
    const { code, stdout } = await run("no schedule", "--help");
    expect(code).toBe(0);
    for (const flag of ["--time-zone", "--from", "--to", "--count", "-o, --output"]) expect(stdout).toContain(flag);
    expect((await run("-h")).stdout).toBe(stdout);
  });
});
