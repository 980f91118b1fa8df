import { pino, type DestinationStream, type Logger as PinoLogger } from "pino";
import { KubeError, TransportError } from "../kube/errors.ts";
import type { ObjectRef } from "../kube/types.ts";
import { TerminalError } from "./contract.ts";
import { toText } from "./log-text.ts";

/** Structured first, message second: logger.info({ drift }, "what happened"). Never name a field level, time or msg. */
export type Logger = PinoLogger;

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export interface LoggingOptions {
  readonly level: LogLevel;
  /** json: one object a line; text: for human eyes. */
  readonly format: "json" | "text";
  /** Where lines go, each with its line end; default standard output. */
  readonly destination?: DestinationStream;
}

/** Fields that may hold a credential, wherever within four levels they stand. */
const SECRET_FIELDS = ["authorization", "token", "password", "secret", "apiKey", "cookie", "stringData"];

/** The root logger. Names of fields: level, time (RFC 3339), msg, err, object {kind, namespace, name}. */
export function createLogger(options: LoggingOptions): Logger {
  const destination = options.destination ?? pino.destination({ dest: 1, sync: true });
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorFields },
      redact: {
        paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`, `*.*.*.${field}`]),
        censor: "[redacted]",
      },
    },
    options.format === "json" ? destination : { write: (line) => destination.write(toText(line)) },
  );
}

/** A logger whose every line names the object. */
export function objectLogger(logger: Logger, kind: string, ref: ObjectRef): Logger {
  return logger.child({ object: { kind, ...(ref.namespace && { namespace: ref.namespace }), name: ref.name } });
}

/** A stack helps where our own code is wrong; an answer of the API server is said in one line. */
function errorFields(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { name: type, message } = error;
  if (error instanceof KubeError) {
    const { code, reason, method, path } = error;
    return { type, message, code, reason, method, path };
  }
  if (error instanceof TransportError) {
    const { fault, method, path } = error;
    return { type, message, fault, method, path };
  }
  if (error instanceof TerminalError) return { type, message };
  return { type, message, stack: error.stack };
}
