import * as echarts from "echarts";
import { medianAt, type Report, type Sample } from "./report.ts";

/** In pixels. */
const SIZE = { width: 860, height: 460 };

/** Okabe and Ito's, which those see apart, too, who see red and green as one. */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#56b4e9"];

/** What a report has of lines over its sizes, as an SVG with both axes logarithmic; undefined where it has none. */
export function plotOf({ plot, sizes = [], samples }: Report): string | undefined {
  if (plot === undefined || sizes.length < 2) return undefined;
  const lines = plot.lines.map((line) => ({ ...line, points: pointsOf(samples, line.figure, sizes) }));
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, ...SIZE });
  chart.setOption({
    animation: false,
    // Its own ground: the page around it may be dark.
    backgroundColor: "#fff",
    color: COLOURS,
    title: { text: plot.title, left: "center" },
    grid: { left: 60, right: 270, top: 50, bottom: 50 },
    xAxis: { type: "log", name: "agents", nameLocation: "middle", nameGap: 30, min: sizes[0], max: sizes.at(-1) },
    yAxis: { type: "log" },
    series: [
      ...lines.map(({ name, unit, points }) => ({
        ...lineOf(points, ({ value }) => `${name}: ${labelOf(value)} ${unit}`),
        symbolSize: 8,
      })),
      {
        ...lineOf(linearBelow(lines.map(({ points }) => points)), () => "linear growth"),
        symbol: "none",
        color: "#888",
        lineStyle: { type: "dashed" as const, width: 1 },
      },
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${withoutNumbers(svg)}\n`;
}

/** A size and a value that is greater than nothing: no logarithm has another. */
type Point = readonly [size: number, value: number];

function pointsOf(samples: readonly Sample[], figure: string, sizes: readonly number[]): readonly Point[] {
  return sizes.flatMap((size) => {
    const value = medianAt(samples, figure, size);
    return value === undefined || value <= 0 ? [] : [[size, value] as const];
  });
}

/** What grows as the size does: a slope to hold the lines against, somewhat below the lowest. */
function linearBelow(lines: readonly (readonly Point[])[]): readonly Point[] {
  const all = lines.flat();
  const sizes = all.map(([size]) => size);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const start = Math.min(...all.map(([size, value]) => (value * least) / size)) / 2;
  return all.length === 0
    ? []
    : [
        [least, start],
        [most, (start * most) / least],
      ];
}

/** A line whose end says what it is, in its own colour. */
function lineOf(points: readonly Point[], formatter: (end: { readonly value: unknown }) => string) {
  return {
    type: "line" as const,
    // What answers a mouse has an identity of its own in each picture.
    silent: true,
    data: points.map(([...point]) => point),
    endLabel: { show: true, color: "inherit", distance: 12, formatter },
    labelLayout: { moveOverlap: "shiftY" as const },
  };
}

/** Without what it counts up in a process (only how a mouse is answered goes by it): the same figures are the same picture. */
function withoutNumbers(svg: string): string {
  return svg
    .replace(/<style.*<\/style>\n?/s, "")
    .replaceAll(/ class="zr\d+-cls-\d+"/g, "")
    .replaceAll(/\bzr\d+-/g, "zr-");
}

function labelOf(point: unknown): string {
  const value: unknown = Array.isArray(point) ? point[1] : undefined;
  return typeof value === "number" ? String(Number(value.toPrecision(3))) : "";
}
