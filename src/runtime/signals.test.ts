import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { exitOnFault, onStopSignal } from "./signals.ts";
import { recordingLogger } from "./testing.ts";

function fakeProcess() {
  const emitter = new EventEmitter();
  const exits: number[] = [];
  return Object.assign(emitter, { exits, exit: (code: number) => void exits.push(code) });
}

test("the first signal asks to stop, the second ends the process at once", () => {
  const events = fakeProcess();
  const stops: string[] = [];
  onStopSignal(events, recordingLogger().logger, (signal) => stops.push(signal));
  events.emit("SIGTERM", "SIGTERM");
  expect([stops, events.exits]).toEqual([["SIGTERM"], []]);
  events.emit("SIGINT", "SIGINT");
  expect([stops, events.exits]).toEqual([["SIGTERM"], [1]]);
});

test.each(["uncaughtException", "unhandledRejection"])(
  "an %s is logged with its stack and ends the process",
  (event) => {
    const events = fakeProcess();
    const { logger, lines } = recordingLogger();
    exitOnFault(events, logger);
    events.emit(event, new Error("nobody caught me"));
    expect(events.exits).toEqual([1]);
    expect(lines).toMatchObject([{ level: "fatal", err: { message: "nobody caught me" } }]);
  },
);
