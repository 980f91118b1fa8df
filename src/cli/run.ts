import packageJson from "../../package.json" with { type: "json" };
import { quote } from "../schedule/quote.ts";
import { type Command, type CommandGroup, type Io, readFlags, UsageError } from "./command.ts";

/** 2 for wrong usage, as in bash and GNU; 1 is left to Node, which ends with it on a bug. */
const EXIT = { done: 0, usage: 2 } as const;

/**
 * Runs the command that `args` name and returns the exit code.
 * What the user must change becomes exactly one line on stderr; any other error is a bug and passes through.
 */
export async function runCommandLine(root: CommandGroup, args: readonly string[], io: Io): Promise<number> {
  try {
    await runGroup(root, [root.name], args, io);
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    io.stderr(`${root.name}: ${error.message.replace(/[\p{Cc}\u2028\u2029]+/gu, " ")}\n`);
    return EXIT.usage;
  }
}

async function runGroup(group: CommandGroup, path: readonly string[], args: readonly string[], io: Io): Promise<void> {
  const [name, ...rest] = args;
  if (name === undefined || name.startsWith("-")) {
    const isRoot = path.length === 1;
    const help = { help: { type: "boolean", short: "h" } } as const;
    const flags = readFlags(args, isRoot ? { ...help, version: { type: "boolean" } } : help);
    const [command] = flags.positionals;
    if (command !== undefined) throw new UsageError(`flags stand after the command, but ${quote(name ?? "")} is first`);
    io.stdout("version" in flags.values ? `${path.join(" ")} ${packageJson.version}\n` : groupHelp(group, path));
    return;
  }
  const command = group.commands.find((candidate) => candidate.name === name);
  if (command === undefined) {
    throw new UsageError(`unknown command ${quote([...path.slice(1), name].join(" "))}; see ${path.join(" ")} --help`);
  }
  if ("commands" in command) await runGroup(command, [...path, name], rest, io);
  else await runCommand(command, rest, io);
}

async function runCommand(command: Command, args: readonly string[], io: Io): Promise<void> {
  const flags = args.slice(0, args.includes("--") ? args.indexOf("--") : args.length);
  if (flags.includes("--help") || flags.includes("-h")) io.stdout(`${command.help}\n`);
  else await command.run(args, io);
}

function groupHelp(group: CommandGroup, path: readonly string[]): string {
  const width = Math.max(...group.commands.map(({ name }) => name.length));
  const lines = [
    group.summary,
    "",
    `Usage: ${path.join(" ")} <command>`,
    "",
    "Commands:",
    ...group.commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    `See ${path.join(" ")} <command> --help for one of them.`,
    ...(path.length === 1 ? [`${path.join(" ")} --version prints the version.`] : []),
  ];
  return `${lines.join("\n")}\n`;
}
