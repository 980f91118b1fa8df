/** The first `most` UTF-16 units of a text, without half a character at the end (lesson 48). */
export function begin(text: string, most: number): string {
  if (text.length <= most) return text;
  const last = text.charCodeAt(most - 1);
  const isHalf = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isHalf ? most - 1 : most);
}

/** At most `most` units of a text, with an ellipsis where it was cut. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${begin(text, most - 1)}…`;
}
