import { begin } from "./cut.ts";

/** Cuts a stream of bytes into lines. */
export interface LineSplitter {
  /** The lines that this chunk completes, without their line breaks. */
  push(chunk: Uint8Array): readonly string[];
  /** The last line, if the stream did not end in a line break. Call it once. */
  end(): readonly string[];
}

/** UTF-16 units: far more than any event of an agent CLI has, and little enough to hold. */
const LINE_MAX = 1024 * 1024;

/**
 * Decodes UTF-8 whatever the chunks' borders; bytes that are none become U+FFFD. Of a longer line only the begin is kept, up
 * to a whole character (lesson 48): it is still one line.
 */
export function splitLines(max: number = LINE_MAX): LineSplitter {
  const decoder = new TextDecoder();
  let rest = "";
  let isFull = false;
  const add = (text: string): void => {
    if (isFull) return;
    isFull = rest.length + text.length > max;
    rest = begin(rest + text, max);
  };
  const take = (): string => {
    const line = rest;
    rest = "";
    isFull = false;
    return line;
  };
  const split = (text: string): string[] => {
    const lines: string[] = [];
    const [first = "", ...others] = text.split("\n");
    add(first);
    for (const other of others) {
      lines.push(take());
      add(other);
    }
    return lines;
  };
  return {
    push: (chunk) => split(decoder.decode(chunk, { stream: true })),
    end() {
      const lines = split(decoder.decode());
      return rest === "" ? lines : [...lines, take()];
    },
  };
}
