/**
 * Orders two resourceVersions of one server: negative, zero or positive, as a sort wants it. They are decimal numbers of
 * any length without leading zeros, and comparable by contract since Kubernetes 1.35 (KEP-5504).
 */
export function compareResourceVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
