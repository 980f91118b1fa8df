import { describe, expect, it } from "vitest";
import { parseRequest, UsageError } from "../cluster/arguments.ts";

describe("the cluster command line", () => {
  it.each([
    [[], "a command is missing"],
    [["begin"], "'begin' is no command"],
    [["up", "--nodes", "simulated:0"], "--nodes takes"],
    [["up", "--nodes", "simulated:5001"], "--nodes takes"],
    [["up", "--nodes", "simulated:3x"], "--nodes takes"],
    [["up", "--force"], "Unknown option '--force'"],
    [["up", "it"], "'it' is too much"],
    [["up", "--name", "Über"], "is no cluster name"],
    [["up", "--name", "-a"], "ambiguous"],
    [["up", "--name", "../a"], "is no cluster name"],
    [["up", "--name", "a".repeat(33)], "is no cluster name"],
    [["up", "--name"], "argument missing"],
    [["down", "--all", "--name", "a"], "exclude each other"],
    [["status", "default"], "'default' is too much"],
    [["env", "--all"], "Unknown option '--all'"],
    [["kill"], "needs a component"],
    [["restart", "dockerd"], "needs a component"],
    [["kill", "etcd", "kwok"], "'kwok' is too much"],
    [["prepare", "--for", "fun"], "--for takes"],
  ])("refuses %j on one line", (args, problem) => {
    let refused: unknown;
    try {
      parseRequest(args);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(UsageError);
    expect((refused as UsageError).message).toContain(problem);
    expect((refused as UsageError).message).not.toContain("\n");
  });

  it.each([
    [["up"], { command: "up", name: "default", nodes: "real", detach: false }],
    [
      ["up", "--nodes", "simulated:3", "--detach", "--name", "a-1"],
      { command: "up", name: "a-1", nodes: { simulated: 3 }, detach: true },
    ],
    [["down"], { command: "down", name: "default" }],
    [["down", "--all"], { command: "down-all" }],
    [["kill", "etcd"], { command: "kill", component: "etcd", name: "default" }],
    [["restart", "--name", "a", "kwok"], { command: "restart", component: "kwok", name: "a" }],
    [["prepare", "--for", "demo"], { command: "prepare", for: "demo" }],
    [["prepare"], { command: "prepare", for: undefined }],
    [["up", "--help"], { command: "help" }],
    [["-h"], { command: "help" }],
  ])("reads %j", (args, request) => {
    expect(parseRequest(args)).toEqual(request);
  });
});
