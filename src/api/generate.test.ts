import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { generatedFiles, staleFiles } from "./generate.ts";
import { fieldsOf, referenceOf } from "./reference.ts";
import { kinds } from "./v1alpha1/kinds.ts";

// Each program that is started takes seconds on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const script = join(import.meta.dirname, "generate.ts");
const repository = join(import.meta.dirname, "../..");

const generate = (...args: readonly string[]) => spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });

describe("npm run generate", () => {
  let root = "";
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "generate-"));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it("--check names every missing file and exits 1, and writes none", () => {
    const { status, stderr } = generate("--check", root);
    expect(status).toBe(1);
    for (const path of generatedFiles().keys()) expect(stderr).toContain(`${path} is out of date`);
    expect(staleFiles(root)).toHaveLength(8);
  });

  it("writes every file; --check is content then", () => {
    expect(generate("--write", root).status).toBe(0);
    expect(staleFiles(root)).toEqual([]);
    expect(generate("--check", root)).toMatchObject({ status: 0, stderr: "" });
  });

  it("--check names the one file that somebody edited", () => {
    appendFileSync(join(root, "crds/agents.yaml"), "# by hand\n");
    const { status, stderr } = generate("--check", root);
    expect(status).toBe(1);
    expect(stderr.trim().split("\n")).toEqual(["crds/agents.yaml is out of date: run npm run generate"]);
    expect(readFileSync(join(root, "crds/agents.yaml"), "utf8")).toContain("# by hand");
  });
});

it("what is committed is what the schemas say", () => {
  expect(staleFiles(repository)).toEqual([]);
});

it("the same schemas give the same text twice", () => {
  expect([...generatedFiles()]).toEqual([...generatedFiles()]);
});

describe("the reference", () => {
  const text = referenceOf(kinds);

  it("has a row for every field, and every rule's message", () => {
    for (const kind of kinds) {
      for (const { path, schema } of fieldsOf(kind)) {
        if (path !== "spec" && path !== "status") expect(text).toContain(`\`${path}\``);
        for (const { message } of schema["x-kubernetes-validations"] ?? []) expect(text).toContain(message);
      }
    }
  });

  it("keeps its tables whole: no text in a cell breaks its row", () => {
    const tables = text.split("\n\n").filter((block) => block.startsWith("|"));
    expect(tables.length).toBeGreaterThan(10);
    for (const table of tables) {
      const widths = new Set(
        table
          .trimEnd()
          .split("\n")
          .map((row) => row.split("|").length),
      );
      expect(widths.size).toBe(1);
    }
  });
});
