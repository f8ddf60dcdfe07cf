import type { CallsFigures } from "../parts/calls.ts";
import type { CallCell } from "../parts/measure-calls.ts";
import { spreadOf } from "../run/statistics.ts";
import { escapeXml, svg } from "./svg.ts";

const barHeight = 16;
const labelWidth = 150;
const plotWidth = 560;
const width = labelWidth + plotWidth + 150;

const colours = {
  bare: "#9aa5b1",
  naive: "#e0a458",
  "hertz-kitex": "#5b8db8",
  thriftgate: "#3d9970",
  "two-workers": "#2a6b4f",
} as const;

/** CPU time per call, one group of bars a call: each group on a scale of its own, its slowest being the whole width. */
export function callsPlot({ cells }: CallsFigures, title: string): string {
  const elements: string[] = [`<text x="8" y="20" font-weight="bold">${escapeXml(title)}</text>`];
  let y = 34;
  for (const call of new Set(cells.map((cell) => cell.call))) {
    const group = cells.filter((cell) => cell.call === call);
    const slowest = Math.max(...group.map((cell) => microseconds(cell).max));
    elements.push(`<text x="8" y="${y + 13}">${call}</text>`);
    for (const cell of group) {
      const { median, min, max } = microseconds(cell);
      const at = (value: number) => labelWidth + (value / slowest) * plotWidth;
      const middle = y + barHeight / 2;
      elements.push(
        `<text x="${labelWidth - 6}" y="${y + 13}" text-anchor="end">${cell.contestant}</text>`,
        `<rect x="${labelWidth}" y="${y + 2}" width="${(at(median) - labelWidth).toFixed(1)}" height="${barHeight - 4}" fill="${colours[cell.contestant]}"/>`,
        `<path d="M${at(min).toFixed(1)} ${middle}H${at(max).toFixed(1)}" stroke="#222"/>`,
        `<text x="${(at(max) + 6).toFixed(1)}" y="${y + 13}">${median < 1_000 ? `${median.toFixed(1)} µs` : `${(median / 1_000).toFixed(2)} ms`}</text>`,
      );
      y += barHeight;
    }
    y += 10;
  }
  return svg(title, width, y, elements);
}

function microseconds(cell: CallCell) {
  return spreadOf(cell.rounds.map(({ cpuMicrosecondsPerCall }) => cpuMicrosecondsPerCall));
}
