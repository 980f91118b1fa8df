import { readFile } from "node:fs/promises";
import * as z from "zod";
import { loadConfig } from "./kube/config.ts";
import { ConfigError } from "./kube/errors.ts";
import { createOperator, type WriteHooks } from "./operator.ts";
import { helpText, type Options, parseOptions } from "./options.ts";
import { systemClock } from "./runtime/clock.ts";
import { createLogger } from "./runtime/logging.ts";
import type { Manager } from "./runtime/manager.ts";
import { exitOnFault, onStopSignal } from "./runtime/signals.ts";

/** Runs the operator until a signal ends it, and gives the exit code (see --help). */
export async function runOperator(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  hooks: WriteHooks = {},
): Promise<number> {
  const parsed = parseOptions(args, env);
  switch (parsed.run) {
    case "help":
      process.stdout.write(`${helpText()}\n`);
      return 0;
    case "version":
      process.stdout.write(`${await version()}\n`);
      return 0;
    case "nothing":
      process.stderr.write(`darkfactory: ${parsed.wrong}\n`);
      return 2;
    case "operator":
      return await operate(parsed.options, env, hooks);
  }
}

async function operate(
  options: Options,
  env: Readonly<Record<string, string | undefined>>,
  hooks: WriteHooks,
): Promise<number> {
  const logger = createLogger({ level: options["log-level"], format: options["log-format"] });
  let manager: Manager;
  try {
    const config = await loadConfig({ kubeconfig: options.kubeconfig, context: options.context, env });
    const parts = { config, options, logger, clock: systemClock, version: await version(), hooks };
    logger.info({ server: config.server, version: parts.version, node: process.version }, "darkfactory starts");
    manager = createOperator(parts);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`darkfactory: ${error.message}\n`);
    return 2;
  }
  exitOnFault(process, logger);
  onStopSignal(process, logger, (signal) => manager.stop(`${signal} received`));
  return await manager.run();
}

async function version(): Promise<string> {
  const text = await readFile(new URL("../package.json", import.meta.url), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
