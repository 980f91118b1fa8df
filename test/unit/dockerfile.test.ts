import { expect, it } from "vitest";
import { imageStart } from "../dockerfile.ts";

it("the image's start is read from the last stage of its Dockerfile", () => {
  const file = [
    "FROM a AS build",
    "ENV A=1",
    "FROM b",
    "ENV B=2",
    "ENV C=three",
    'ENTRYPOINT ["/node", "--flag=1", "/app/main.js"]',
    "",
  ].join("\n");
  expect(imageStart(file)).toEqual({
    entryPoint: ["/node", "--flag=1", "/app/main.js"],
    nodeFlags: ["--flag=1"],
    env: { B: "2", C: "three" },
  });
});

it("the image keeps its memory down: one arena of malloc, a bounded young generation", () => {
  const { nodeFlags, env } = imageStart();
  expect(env["MALLOC_ARENA_MAX"]).toBe("1");
  expect(nodeFlags).toEqual([expect.stringMatching(/^--max-semi-space-size=\d+$/)]);
});
