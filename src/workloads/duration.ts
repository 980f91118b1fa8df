/** A duration for a person, its two largest units as kubectl writes ages: 45s, 4m12s, 5h31m, 9d2h. Milliseconds, ≥ 0. */
export function formatDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [d, h, m, s] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ];
  const units = [`${d}d`, `${h}h`, `${m}m`, `${s}s`];
  const first = [d, h, m, s].findIndex((count) => count > 0);
  if (first < 0) return "0s";
  return units
    .slice(first, first + 2)
    .filter((unit) => !unit.startsWith("0"))
    .join("");
}
