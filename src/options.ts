import { parseArgs } from "node:util";
import * as z from "zod";
import { tools } from "./api/v1alpha1/agent-spec.ts";

/** host:port, :port for every address, or "0" for no server at all (controller-runtime's convention). */
const address = z
  .string()
  .regex(/^(0|([^\s:]*|\[[0-9a-fA-F:]+\]):\d{1,5})$/, "must be host:port, :port, or 0 to switch it off");

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .pipe(z.number().min(least, `must be at least ${least}`).max(most, `must be at most ${most}`));

const yesOrNo = z.enum(["true", "false"], { error: "must be true or false" }).transform((value) => value === "true");

const names = z
  .string()
  .transform((value) => value.split(",").filter((name) => name !== ""))
  .pipe(
    z.array(
      z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "must be names of namespaces, separated by commas"),
    ),
  );

/** What an image can be given for: each tool, and git, which checks workspaces out. */
const imageKeys = [...tools, "git"] as const;

const images = z.string().transform((value, context) => {
  const pairs = value.split(",").filter((pair) => pair !== "");
  const entries = pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)] as const);
  const wrong = entries.find(([tool, image]) => !imageKeys.some((known) => known === tool) || image === "");
  if (wrong !== undefined || pairs.some((pair) => !pair.includes("="))) {
    context.addIssue({
      code: "custom",
      message: `must be tool=image pairs, separated by commas; tools: ${imageKeys.join(", ")}`,
    });
    return z.NEVER;
  }
  return Object.fromEntries(entries);
});

/** One flag: how it is checked, what it is when not given, and what --help says. */
interface Flag {
  readonly schema: z.ZodType;
  readonly default?: string;
  readonly value: string;
  readonly help: string;
}

/** Every flag. Each can be given as an environment variable too: DARKFACTORY_ and its name in capitals, - as _. */
const flags = {
  kubeconfig: {
    schema: z.string().min(1, "must name a file").optional(),
    value: "FILE",
    help: "kubeconfig to use; default: KUBECONFIG, then the Pod's service account, then ~/.kube/config",
  },
  context: {
    schema: z.string().min(1, "must name a context").optional(),
    value: "NAME",
    help: "context of the kubeconfig",
  },
  namespaces: { schema: names, default: "", value: "A,B", help: "namespaces to watch; default: all" },
  "leader-elect": {
    schema: yesOrNo,
    default: "true",
    value: "true|false",
    help: "let only one of several replicas act; false is safe with a single replica only",
  },
  "leader-election-namespace": {
    schema: z.string().min(1, "must name a namespace").optional(),
    value: "NAME",
    help: "namespace of the Lease; default: the Pod's own; outside a Pod the first watched one, or the context's",
  },
  "leader-election-id": {
    schema: z.string().min(1, "must name a Lease"),
    default: "darkfactory",
    value: "NAME",
    help: "name of the Lease",
  },
  "default-images": {
    schema: images,
    default: "",
    value: "TOOL=IMAGE,…",
    help: `image of each tool for agents that name none, and of git for workspaces (${imageKeys.join(", ")})`,
  },
  workers: { schema: whole(1, 64), default: "32", value: "N", help: "reconciles of each controller at a time" },
  "kube-api-connections": {
    schema: whole(1, 256),
    default: "32",
    value: "N",
    help: "connections to the API server, and so requests in flight; watches have their own",
  },
  "metrics-address": {
    schema: address,
    default: ":8080",
    value: "ADDRESS",
    help: "where /metrics is served; 0: nowhere",
  },
  "health-address": {
    schema: address,
    default: ":8081",
    value: "ADDRESS",
    help: "where /healthz and /readyz are served; 0: nowhere",
  },
  "log-level": {
    schema: z.enum(["debug", "info", "warn", "error", "silent"], {
      error: "must be debug, info, warn, error or silent",
    }),
    default: "info",
    value: "LEVEL",
    help: "least level that is logged: debug, info, warn, error, silent",
  },
  "log-format": {
    schema: z.enum(["json", "text"], { error: "must be json or text" }),
    default: "json",
    value: "json|text",
    help: "one JSON object a line, or text for people",
  },
} as const satisfies Record<string, Flag>;

type FlagName = keyof typeof flags;

/** The operator's options, parsed once at the start. */
export type Options = { readonly [Name in FlagName]: z.output<(typeof flags)[Name]["schema"]> };

/** What the command line asks for. `wrong` is one line for stderr (exit code 2). */
export type ParsedOptions =
  | { readonly run: "operator"; readonly options: Options }
  | { readonly run: "help" }
  | { readonly run: "version" }
  | { readonly run: "nothing"; readonly wrong: string };

/** Reads flags, then environment variables, then defaults. */
export function parseOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ParsedOptions {
  const given = readFlags(args);
  if ("wrong" in given) return { run: "nothing", wrong: given.wrong };
  if (given.values["help"] === true) return { run: "help" };
  if (given.values["version"] === true) return { run: "version" };
  const entries: [string, unknown][] = [];
  for (const [name, flag] of Object.entries(flags) as [FlagName, Flag][]) {
    const variable = environmentName(name);
    const fromFlag = given.values[name];
    const text = fromFlag ?? env[variable] ?? flag.default;
    const parsed = flag.schema.safeParse(text);
    if (!parsed.success) {
      const source = fromFlag === undefined ? variable : `--${name}`;
      const [issue] = parsed.error.issues;
      return { run: "nothing", wrong: `${source}: ${JSON.stringify(text)} ${issue?.message ?? "is not valid"}` };
    }
    entries.push([name, parsed.data]);
  }
  return { run: "operator", options: Object.fromEntries(entries) as Options };
}

/** The text of --help. */
export function helpText(): string {
  const rows = (Object.entries(flags) as [FlagName, Flag][]).map(([name, { value, help, default: fallback }]) => {
    const shown = fallback === undefined || fallback === "" ? "" : ` (default ${fallback})`;
    return `  ${`--${name} ${value}`.padEnd(38)} ${help}${shown}`;
  });
  return [
    "Runs the darkfactory operator: keeps Agents and AgentFleets as they are described.",
    "",
    "Usage: npm start -- [flags]        (in a container: node main.js [flags])",
    "",
    ...rows,
    `  ${"--help".padEnd(38)} show this and exit`,
    `  ${"--version".padEnd(38)} show the version and exit`,
    "",
    "Each flag can be set by an environment variable too: DARKFACTORY_LOG_LEVEL for --log-level. A flag wins.",
    "Exit codes: 0 stopped as asked, 1 failed or lost its leadership, 2 wrong flags or configuration.",
  ].join("\n");
}

function environmentName(flag: string): string {
  return `DARKFACTORY_${flag.toUpperCase().replaceAll("-", "_")}`;
}

function readFlags(
  args: readonly string[],
): { readonly values: Readonly<Record<string, string | boolean | undefined>> } | { readonly wrong: string } {
  const options: Record<string, { type: "string" | "boolean" }> = {
    help: { type: "boolean" },
    version: { type: "boolean" },
  };
  for (const name of Object.keys(flags)) options[name] = { type: "string" };
  try {
    return { values: parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values };
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split("\n");
    return { wrong: `${line} (--help shows all flags)` };
  }
}
