import type { LogOptions } from "../src/kube/client.ts";
import { TransportError } from "../src/kube/errors.ts";
import type { LogSource } from "../src/telemetry/read-answer.ts";

/** One entry of a container's log file, as a CRI runtime writes it. */
export interface LogEntry {
  readonly time: string;
  readonly text: string | Uint8Array;
  /** A piece of a longer line, whose end is yet to come. */
  readonly isPartial?: boolean;
}

/** What becomes of one answer. Without `after` all of it is sent. */
export interface AnswerFault {
  /** So many bytes are sent. */
  readonly after?: number;
  /** Then the connection breaks, the answer ends as if that were all (a kubelet that broke off), or this is thrown. */
  readonly ending: "cut" | "in order" | Error;
}

/** A container's log and a kubelet that serves it, for faults that a real one does not produce on demand. */
export interface KubeletLog {
  readonly source: LogSource;
  write(...entries: readonly LogEntry[]): void;
  /** From now on a new file is served. */
  rotate(): void;
  /** What becomes of the next answers, in order; those after them are as they should be. */
  plan(...faults: readonly (AnswerFault | undefined)[]): void;
  /** What was asked for, oldest first. */
  readonly asked: readonly LogOptions[];
}

/** `chunkBytes` is how much comes at a time. */
export function aKubeletLog(chunkBytes: () => number = () => 65_536): KubeletLog {
  let file: LogEntry[] = [];
  const faults: (AnswerFault | undefined)[] = [];
  const asked: LogOptions[] = [];
  async function* answer(options: LogOptions): AsyncGenerator<Uint8Array> {
    asked.push(options);
    const whole = serveLog(file, options);
    const fault = faults.shift();
    const sent = whole.subarray(0, fault?.after ?? whole.length);
    for (let at = 0, size = 0; at < sent.length; at += size) {
      size = chunkBytes();
      yield sent.subarray(at, at + size);
    }
    if (fault?.ending instanceof Error) throw fault.ending;
    if (fault?.ending === "cut") throw new TransportError("cut", { method: "GET", path: "/log" }, "planned cut");
  }
  return {
    source: { logs: (_pod, options = {}) => answer(options) },
    asked,
    write: (...entries) => void file.push(...entries),
    rotate: () => {
      file = [];
    },
    plan: (...more) => void faults.push(...more),
  };
}

/** The kubelet's answer (k8s.io/cri-client, pkg/logs ReadLogs): it filters entry by entry, and stamps what begins a line. */
export function serveLog(file: readonly LogEntry[], { sinceTime, limitBytes }: LogOptions): Buffer {
  const since = sinceTime === undefined ? -Infinity : Date.parse(sinceTime);
  const parts: Buffer[] = [];
  let isNewLine = true;
  for (const { time, text, isPartial = false } of file) {
    if (Date.parse(time) >= since) {
      if (isNewLine) parts.push(Buffer.from(`${time} `));
      parts.push(Buffer.from(text), Buffer.from(isPartial ? "" : "\n"));
    }
    isNewLine = !isPartial || text.length === 0;
  }
  return Buffer.concat(parts).subarray(0, limitBytes);
}

/** A stamp with its nanoseconds: so many after 2026-11-22T22:18:00Z. */
export function stampAt(nanoseconds: bigint): string {
  const start = BigInt(Date.UTC(2026, 10, 22, 22, 18)) * 1_000_000n + nanoseconds;
  const second = new Date(Number(start / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${second}.${String(start % 1_000_000_000n).padStart(9, "0")}Z`;
}
