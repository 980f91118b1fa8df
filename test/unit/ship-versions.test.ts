import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as yaml from "js-yaml";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const { version, devDependencies } = JSON.parse(read("package.json")) as {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
};

it("operator, chart and plain manifests have one version", () => {
  const { version: chart, appVersion } = yaml.load(read("charts/darkfactory/Chart.yaml")) as Record<string, unknown>;
  expect([chart, appVersion]).toEqual([version, version]);
  expect(read("deploy/darkfactory.yaml")).toContain(`darkfactory:${version}\n`);
  expect(read("Dockerfile")).toContain(`ARG VERSION=${version}\n`);
});

describe("the Dockerfile", () => {
  const text = read("Dockerfile");

  it("has the Node that the tests run on", () => {
    expect(text).toContain(`node:${devDependencies["node"]}-`);
  });

  it("copies what is there and .dockerignore lets in", () => {
    const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = ""]) => paths.split(" "));
    expect(copied).toContain("src");
    const letIn = read(".dockerignore").split("\n");
    for (const path of copied) {
      expect(existsSync(join(root, path)), path).toBe(true);
      expect(letIn).toContain(`!${path}`);
    }
  });
});
