import type { Flame } from "../parts/profile.ts";
import { escapeXml, svg } from "./svg.ts";

const width = 1_200;
const rowHeight = 18;
const characterWidth = 6.5;

/** Callers below, callees above; as wide as their share of the time. A frame's title tells its place and share. */
export function flameGraph(root: Flame, title: string): string {
  const height = rowHeight * (depthOf(root) + 2);
  const stages = [...new Set(stagesOf(root))].sort((a, b) => a.localeCompare(b));
  const elements = [`<text x="6" y="${rowHeight - 5}" font-weight="bold">${escapeXml(title)}</text>`];
  const draw = (flame: Flame, x: number, depth: number) => {
    const y = height - rowHeight * (depth + 1);
    const frameWidth = flame.share * width;
    const label = `${flame.name}${flame.place && ` (${flame.place})`}`;
    const fits = Math.floor(frameWidth / characterWidth);
    const text = fits < 3 ? "" : `<text x="${(x + 2).toFixed(1)}" y="${y + 13}">${escapeXml(label.slice(0, fits))}</text>`;
    elements.push(
      `<g><title>${escapeXml(`${label}, ${flame.stage}: ${(100 * flame.share).toFixed(1)} %`)}</title>` +
        `<rect x="${x.toFixed(1)}" y="${y}" width="${frameWidth.toFixed(1)}" height="${rowHeight - 1}" fill="${colourOf(stages.indexOf(flame.stage), stages.length)}"/>${text}</g>`,
    );
    let childX = x;
    for (const child of flame.children.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      draw(child, childX, depth + 1);
      childX += child.share * width;
    }
  };
  draw(root, 0, 0);
  return svg(title, width, height, elements);
}

function colourOf(index: number, of: number): string {
  return `hsl(${Math.round((360 * index) / of)} 65% 75%)`;
}

function depthOf({ children }: Flame): number {
  return 1 + Math.max(0, ...children.map(depthOf));
}

function stagesOf({ stage, children }: Flame): string[] {
  return [stage, ...children.flatMap(stagesOf)];
}
