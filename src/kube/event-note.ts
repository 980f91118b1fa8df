/** events.k8s.io/v1 allows a note of at most this many bytes. */
const MAX_NOTE_BYTES = 1024;

/** The note, cut at a character's boundary where it is longer than an event may hold. */
export function cutNote(note: string): string {
  const bytes = Buffer.from(note.toWellFormed(), "utf8");
  if (bytes.length <= MAX_NOTE_BYTES) return bytes.toString("utf8");
  const ellipsis = "…";
  let end = MAX_NOTE_BYTES - Buffer.byteLength(ellipsis);
  // A byte 10xxxxxx continues a character: step back to where one begins.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString("utf8") + ellipsis;
}

/** metav1.MicroTime: exactly six digits, or the server refuses it. */
export function microTime(instant: number): string {
  return new Date(instant).toISOString().replace("Z", "000Z");
}
