import { type History, nameOf, type Violation } from "../history.ts";

/** No secret in any log, event or status. */
export function secrecy({ changes, logs, secrets }: History): readonly Violation[] {
  const texts = [
    ...changes.map((change) => ({
      where: nameOf(change),
      // An event is told as a whole; of any other object only the status is ours.
      text: JSON.stringify(change.kind === "Event" ? change.object : (change.object.status ?? {})),
    })),
    ...logs,
  ];
  const leaks = new Map(
    texts
      .flatMap(({ where, text }) => secrets.flatMap((secret, n) => (text.includes(secret) ? [{ where, n }] : [])))
      // Told by its number: a message of this checker must not be the next leak.
      .map(({ where, n }) => [`${where} ${n}`, { where, n }]),
  );
  return [...leaks.values()].map(({ where, n }) => ({
    invariant: "no-secret",
    about: where,
    what: `holds secret number ${n + 1}`,
  }));
}
