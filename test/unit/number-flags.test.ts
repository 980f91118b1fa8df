import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { numberFlags } from "../cluster/number-flags.ts";

let said = "";
const say = (text: string | Uint8Array): boolean => {
  said += String(text);
  return true;
};
beforeEach(() => {
  said = "";
  vi.spyOn(process.stderr, "write").mockImplementation(say);
  vi.spyOn(process.stdout, "write").mockImplementation(say);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const read = (...args: readonly string[]) => numberFlags("soak", "How to soak.", ["minutes", "seed"], args);

it("gives the numbers that were given, and no others", () => {
  expect(read()).toEqual({ numbers: {} });
  expect(read("--minutes", "0", "--seed=7")).toEqual({ numbers: { minutes: 0, seed: 7 } });
  expect(said).toBe("");
});

it.each([
  ["an unknown flag", ["--minuets", "3"], /^soak: Unknown option '--minuets' \(--help shows all flags\)\n$/],
  ["a flag without its value", ["--seed"], /^soak: .*--seed.*\n$/],
  ["what is no number", ["--seed", "x"], "soak: --seed is a whole number, not 'x' (--help shows all flags)\n"],
  ["a number below 0", ["--seed=-1"], "soak: --seed is a whole number, not '-1' (--help shows all flags)\n"],
  ["a broken number", ["--minutes", "1.5"], "soak: --minutes is a whole number, not '1.5' (--help shows all flags)\n"],
] as const)("answers %s with exit code 2 and one line that names it", (_, args, line) => {
  expect(read(...args)).toEqual({ exitCode: 2 });
  expect(said).toMatch(line);
});

it("prints its help", () => {
  expect(read("--help")).toEqual({ exitCode: 0 });
  expect(said).toBe("How to soak.\n");
});
