import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "./plan.ts";

/** How a watch's stream is to be ended by who passes it on. */
export type End = "in-order" | "cut" | "never";

/** Passes a watch's lines on through `write`, spoilt as the fault says; tells how it ends. */
export async function passWatch(from: Readable, fault: Fault, write: (text: string) => void): Promise<End> {
  if (fault.fault === "lag") return await passLate(from, fault.ms, write);
  if (fault.fault === "swap-events") return await passSwapped(from, write);
  let left = "afterEvents" in fault ? fault.afterEvents : Infinity;
  if (left === 0 && !endsMidLine(fault)) return end(fault, write);
  for await (const line of lines(from)) {
    if (left === 0) {
      write(line.slice(0, line.length / 2));
      return "cut";
    }
    write(line);
    if (fault.fault === "repeat-events") write(line);
    left -= 1;
    if (left === 0 && !endsMidLine(fault)) return end(fault, write);
  }
  return "in-order";
}

/** Each line passes when its time has come; equal delays keep their order. */
async function passLate(from: Readable, ms: number, write: (text: string) => void): Promise<End> {
  for await (const line of lines(from)) setTimeout(write, ms, line);
  await sleep(ms);
  return "in-order";
}

/** How long an event waits for one that overtakes it. */
const OVERTAKEN_MS = 200;

async function passSwapped(from: Readable, write: (text: string) => void): Promise<End> {
  let held: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  const release = (): void => {
    clearTimeout(timer);
    if (held !== undefined) write(held);
    held = undefined;
  };
  for await (const line of lines(from)) {
    if (held === undefined) {
      held = line;
      timer = setTimeout(release, OVERTAKEN_MS);
    } else {
      write(line);
      release();
    }
  }
  release();
  return "in-order";
}

function endsMidLine(fault: Fault): boolean {
  return fault.fault === "end-watch" && fault.how === "mid-line";
}

function end(fault: Fault, write: (text: string) => void): End {
  if (fault.fault === "end-watch") return fault.how === "in-order" ? "in-order" : "cut";
  if (fault.fault !== "error-event") return "never";
  const { code, reason } = fault;
  const object = { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message: `planned ${code}` };
  write(`${JSON.stringify({ type: "ERROR", object })}\n`);
  return "in-order";
}

async function* lines(from: Readable): AsyncGenerator<string> {
  let rest = "";
  from.setEncoding("utf8");
  for await (const chunk of from as AsyncIterable<string>) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) yield `${part}\n`;
  }
}
