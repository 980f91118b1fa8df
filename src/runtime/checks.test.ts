import { describe, expect, test } from "vitest";
import { checksPage } from "./checks.ts";

const fine = { name: "loop", problem: () => undefined };
const broken = { name: "caches", problem: () => "agents: not read yet" };
const query = (text: string): URLSearchParams => new URLSearchParams(text);

describe("the page of checks", () => {
  test("is a plain ok while all is well", () => {
    expect(checksPage("readyz", [fine], query(""))).toMatchObject({ status: 200, body: "ok" });
  });

  test("lists every check when asked for", () => {
    expect(checksPage("readyz", [fine], query("verbose")).body).toBe("[+]loop ok\nreadyz check passed\n");
  });

  test("says why it fails without being asked", () => {
    expect(checksPage("readyz", [fine, broken], query(""))).toMatchObject({
      status: 503,
      body: "[+]loop ok\n[-]caches failed: agents: not read yet\nreadyz check failed\n",
    });
  });

  test("leaves out what is excluded", () => {
    expect(checksPage("readyz", [fine, broken], query("exclude=caches")).status).toBe(200);
  });

  test("without checks passes", () => {
    expect(checksPage("healthz", [], query("")).status).toBe(200);
  });
});
