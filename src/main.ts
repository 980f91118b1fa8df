import { runOperator } from "./run.ts";

// Exits by itself: connections that are kept alive must not hold up a process that has ended its work.
process.exit(await runOperator(process.argv.slice(2), process.env));
