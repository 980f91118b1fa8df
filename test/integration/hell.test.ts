import { expect, it } from "vitest";
import { inTheatre } from "../chaos/theatre.ts";
import { textOf } from "../hell/report.ts";
import { runHell } from "../hell/run.ts";
import { seed } from "../seeded.ts";

it("whatever manifest is sent is refused with its field named or says how it stands, and holds up nobody else", async () => {
  const options = { seed, count: 160, changes: 3, log: () => undefined };
  const outcome = await inTheatre(2, (theatre) => runHell(theatre, options));
  expect(outcome.findings, `SEED=${seed}\n${textOf(outcome)}`).toEqual([]);
}, 400_000);
