import { describe, expect, it } from "vitest";
import { findNewLines } from "./new-lines.ts";

const [one, two] = ["2026-11-22T22:18:01.000000000Z", "2026-11-22T22:18:02.000000000Z"];

describe("lines that are new", () => {
  it("count at the stamp of the line before them where they have none", () => {
    const lines = [`${one} a`, "no stamp", `${two} b`];
    expect(findNewLines({}).push(lines).sure).toEqual([
      { text: "a", stamp: one, time: Date.parse(one), count: 1 },
      { text: "no stamp", stamp: one, time: Date.parse(one), count: 2 },
      { text: "b", stamp: two, time: Date.parse(two), count: 1 },
    ]);
    expect(findNewLines({ time: one, lines: 2 }).push(lines).sure).toMatchObject([{ text: "b" }]);
  });

  it("are told apart by their number in a log without any stamps", () => {
    expect(findNewLines({}).push(["a", "b"]).sure).toMatchObject([{ count: 1 }, { count: 2 }]);
    expect(findNewLines({ lines: 2 }).push(["a", "b", "c"]).sure).toMatchObject([{ text: "c", count: 3 }]);
  });

  it("are those after the last that is left of several at the cursor's stamp, when the others were rotated away", () => {
    const lines = findNewLines({ time: one, lines: 3 });
    expect(lines.push([`${one} the third`, `${two} b`])).toMatchObject({ supposed: [{ text: "b" }], sure: [] });
    expect(lines.isFound).toBe(false);
  });

  it("were supposed wrongly where the cursor's line follows them: the node's clock was set back", () => {
    const lines = findNewLines({ time: one, lines: 1 });
    expect(lines.push([`${two} before`])).toMatchObject({ wasWrong: false, supposed: [{ text: "before" }] });
    expect(lines.push([`${two} before, too`, `${one} the cursor's`, `${one} new`])).toMatchObject({
      wasWrong: true,
      supposed: [],
      sure: [{ text: "new" }],
    });
  });
});
