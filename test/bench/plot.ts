import * as echarts from "echarts";
import { medianAt, type Report } from "./report.ts";

/** In pixels. */
const SIZE = { width: 860, height: 460 };

/** What a report has of lines over its sizes, as an SVG with both axes logarithmic; undefined where it has none. */
export function plotOf({ plot, sizes = [], samples }: Report): string | undefined {
  if (plot === undefined || sizes.length < 2) return undefined;
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, ...SIZE });
  chart.setOption({
    animation: false,
    // Its own ground: the page around it may be dark.
    backgroundColor: "#fff",
    title: { text: plot.title, left: "center" },
    legend: { bottom: 0, width: 640, itemGap: 24, selectedMode: false, data: plot.lines.map(({ name }) => name) },
    grid: { left: 70, right: 40, top: 50, bottom: 105 },
    xAxis: { type: "log", name: "agents", nameLocation: "middle", nameGap: 30, min: sizes[0], max: sizes.at(-1) },
    yAxis: { type: "log" },
    series: plot.lines.map(({ figure, name }) => ({
      type: "line",
      // What answers a mouse has an identity of its own in each picture.
      silent: true,
      name,
      symbolSize: 8,
      data: sizes.flatMap((size) => {
        const value = medianAt(samples, figure, size);
        return value === undefined || value <= 0 ? [] : [[size, value]];
      }),
      label: { show: true, formatter: ({ value }: { readonly value: unknown }) => labelOf(value) },
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${withoutNumbers(svg)}\n`;
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
