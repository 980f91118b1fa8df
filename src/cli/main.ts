#!/usr/bin/env node
import { createReadStream } from "node:fs";
import { darkfactory } from "./commands.ts";
import { runCommandLine } from "./run.ts";

// `darkfactory … | head` closes the pipe early: the reader has all that it wants.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await runCommandLine(darkfactory, process.argv.slice(2), {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  read: (file) => (file === "-" ? process.stdin : createReadStream(file)),
  now: () => Date.now(),
});
