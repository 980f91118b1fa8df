import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { componentNames, isComponentName, type ComponentName } from "./components.ts";
import { checkName, type Nodes } from "./record.ts";

/** What the command line asks for. */
export type Request =
  | { readonly command: "help" }
  | { readonly command: "up"; readonly name: string; readonly nodes: Nodes; readonly detach: boolean }
  | { readonly command: "down"; readonly name: string }
  | { readonly command: "down-all" }
  | { readonly command: "status" }
  | { readonly command: "env"; readonly name: string }
  | { readonly command: "kill" | "restart"; readonly component: ComponentName; readonly name: string }
  | { readonly command: "prepare"; readonly for: Purpose | undefined };

/** What everything is made ready for: the tests of ship/ need more programs than the others. */
export type Purpose = (typeof purposes)[number];

const purposes = ["demo", "test", "ship"] as const;

/** The command line is not one of those that help shows. Its message is one line. */
export class UsageError extends Error {}

export const help = `Starts and stops Kubernetes clusters on this machine: a real control plane, with real or simulated nodes.

  npm run cluster -- up [--name NAME] [--nodes real|simulated:N|none] [--detach]
      Starts a cluster and keeps it until Ctrl-C; with --detach, until 'down'.
      real (default) runs containers with kubelet and containerd and needs root; simulated:N plays N nodes without.
  npm run cluster -- down [--name NAME | --all]
  npm run cluster -- status
  npm run --silent cluster -- env [--name NAME]
      Prints the shell commands that point kubectl at the cluster: eval "$(npm run --silent cluster -- env)"
  npm run cluster -- kill COMPONENT [--name NAME]
      Ends a component with SIGKILL.
  npm run cluster -- restart COMPONENT [--name NAME]

  NAME is 'default' unless given. COMPONENT is one of: ${componentNames.join(", ")}.`;

const name = { type: "string", default: "default" } as const;

/** Reads the command line; refuses anything that help does not show with a UsageError. */
export function parseRequest(args: readonly string[]): Request {
  const [command, ...rest] = args;
  switch (command) {
    case undefined:
      throw new UsageError("a command is missing: up, down, status, env, kill or restart (--help explains them)");
    case "help":
    case "--help":
    case "-h":
      return { command: "help" };
    case "up": {
      const { values, positionals } = parse(rest, {
        name,
        nodes: { type: "string", default: "real" },
        detach: { type: "boolean", default: false },
      });
      if (values.help) return { command: "help" };
      noMore(positionals);
      return { command, name: usable(values.name), nodes: parseNodes(values.nodes), detach: values.detach };
    }
    case "down": {
      const { values, positionals } = parse(rest, {
        name: { type: "string" },
        all: { type: "boolean", default: false },
      });
      if (values.help) return { command: "help" };
      noMore(positionals);
      if (values.all && values.name !== undefined) throw new UsageError("--all and --name exclude each other");
      return values.all ? { command: "down-all" } : { command, name: usable(values.name ?? "default") };
    }
    case "status": {
      const { values, positionals } = parse(rest, {});
      if (values.help) return { command: "help" };
      noMore(positionals);
      return { command };
    }
    case "env": {
      const { values, positionals } = parse(rest, { name });
      if (values.help) return { command: "help" };
      noMore(positionals);
      return { command, name: usable(values.name) };
    }
    case "kill":
    case "restart": {
      const { values, positionals } = parse(rest, { name });
      if (values.help) return { command: "help" };
      const [component, ...more] = positionals;
      noMore(more);
      if (component === undefined || !isComponentName(component)) {
        throw new UsageError(`${command} needs a component, one of: ${componentNames.join(", ")}`);
      }
      return { command, component, name: usable(values.name) };
    }
    case "prepare": {
      const { values, positionals } = parse(rest, { for: { type: "string" } });
      if (values.help) return { command: "help" };
      noMore(positionals);
      const purpose = purposes.find((known) => known === values.for);
      if (purpose === undefined && values.for !== undefined) {
        throw new UsageError(`--for takes one of ${purposes.join(", ")}, not '${values.for}'`);
      }
      return { command, for: purpose };
    }
    default:
      throw new UsageError(`'${command}' is no command: up, down, status, env, kill or restart (--help explains them)`);
  }
}

function parse<T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) {
  try {
    const help = { type: "boolean", short: "h", default: false } as const;
    return parseArgs({ args: [...args], options: { ...options, help }, allowPositionals: true });
  } catch (error) {
    // parseArgs explains some mistakes over several sentences; the first says what is wrong.
    throw new UsageError((error as Error).message.split(/\.\s/)[0]);
  }
}

function noMore(positionals: readonly string[]): void {
  if (positionals.length > 0)
    throw new UsageError(`'${positionals.join(" ")}' is too much (--help explains the commands)`);
}

function usable(name: string): string {
  try {
    return checkName(name);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function parseNodes(text: string): Nodes {
  if (text === "real" || text === "none") return text;
  const count = Number(/^simulated:(\d+)$/.exec(text)?.[1]);
  if (count >= 1 && count <= 5000) return { simulated: count };
  throw new UsageError(`--nodes takes real, simulated:N with N from 1 to 5000, or none, not '${text}'`);
}
