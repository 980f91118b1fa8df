const ESC = "\\u001b";

/**
 * Terminal sequences of ECMA-48: control sequences (colours, cursor), operating system commands, the short ones. Only those
 * that begin with ESC: JSON never holds it as it is, while the 8-bit forms may be part of an event's text.
 */
const ESCAPES = new RegExp(
  `${ESC}\\[[0-?]*[ -/]*[@-~]|${ESC}\\][^\\u0007${ESC}]*(?:\\u0007|${ESC}\\\\)?|${ESC}[ -/]*[0-~]`,
  "g",
);

/**
 * A line without what only a terminal understands. A carriage return parts the pictures of a progress bar: it becomes a
 * space, so that the last word of one and the first of the next do not run together.
 */
export function plainLine(line: string): string {
  const text = line.includes("\u001b") ? line.replace(ESCAPES, "") : line;
  return text.includes("\r") ? text.replaceAll("\r", " ") : text;
}
