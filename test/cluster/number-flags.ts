import { parseArgs } from "node:util";
import { logToStderr as log } from "./failure.ts";

/** What a command was asked for, or how it ends at once: 0 after its help, 2 after a line that says what was not understood. */
export type NumberFlags<Name extends string> =
  { readonly numbers: { readonly [name in Name]?: number } } | { readonly exitCode: 0 | 2 };

/** Reads a command line of which every flag has a whole number from 0 on, besides --help. */
export function numberFlags<Name extends string>(
  command: string,
  help: string,
  names: readonly Name[],
  args: readonly string[],
): NumberFlags<Name> {
  const wrong = (line: string): { readonly exitCode: 2 } => {
    log(`${command}: ${line} (--help shows all flags)`);
    return { exitCode: 2 };
  };
  try {
    const flags = Object.fromEntries(names.map((name) => [name, { type: "string" }] as const));
    const { values } = parseArgs({ args: [...args], options: { ...flags, help: { type: "boolean" } } });
    if (values["help"] === true) {
      process.stdout.write(`${help}\n`);
      return { exitCode: 0 };
    }
    const given = names.flatMap((name) => {
      const text = (values as { readonly [name: string]: unknown })[name];
      return typeof text === "string" ? [[name, text] as const] : [];
    });
    const bad = given.find(([, text]) => !/^\d+$/.test(text));
    if (bad !== undefined) return wrong(`--${bad[0]} is a whole number, not '${bad[1]}'`);
    const numbers = Object.fromEntries(given.map(([name, text]) => [name, Number(text)]));
    return { numbers: numbers as { readonly [name in Name]?: number } };
  } catch (error) {
    return wrong((error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "");
  }
}

/** Another one each time, short enough to type again. */
export function randomSeed(): number {
  return Math.floor(Math.random() * 1_000_000);
}
