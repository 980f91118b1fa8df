const LONGEST = 80;

/** What JSON leaves as it is and a terminal or log would not: DEL, C1 controls, line separators, text-direction marks. */
const UNSAFE = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** A user's text in double quotes, on one line whatever it holds, cut after 80 characters. */
export function quote(text: string): string {
  const characters = Array.from(text.slice(0, 2 * LONGEST + 2));
  const shown = characters.length > LONGEST ? `${characters.slice(0, LONGEST).join("")}…` : text;
  return JSON.stringify(shown).replace(UNSAFE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
