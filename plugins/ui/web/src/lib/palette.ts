// Series colours, apart from one another under every kind of colour vision, in order for each theme. A series keeps its colour by name.
import type { Theme } from "./theme";

const kColours: Record<Theme, readonly string[]> = {
  dark: ["#856edd", "#de6d21", "#7aebe0", "#e7cf98", "#3f8d56", "#c07299", "#c0e864", "#90b6ee"],
  light: ["#5039ac", "#6f4911", "#d2799d", "#8e9b17", "#27a559", "#0d5942", "#838de2", "#85146e"],
};
const kDashes: readonly number[][] = [[], [6, 4], [2, 3]];

export interface Stroke {
  colour: string;
  dash: number[];
}

function hash(text: string): number {
  let value = 2166136261;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 16777619);
  return value >>> 0;
}

/** Strokes for the series of one graph: each begins at the place its name hashes to and takes the next that is free. */
export function strokes(names: readonly string[], theme: Theme): Stroke[] {
  const colours = kColours[theme];
  const places = colours.length * kDashes.length;
  const taken = new Set<number>();
  const byName = new Map<string, number>();
  for (const name of [...names].sort()) {
    const home = hash(name) % colours.length;
    let place = home;
    for (let i = 0; i < places && taken.has(place); i += 1) {
      // the other colours first, then the same ones dashed
      const round = Math.floor((i + 1) / colours.length);
      place = round * colours.length + ((home + i + 1) % colours.length);
    }
    taken.add(place);
    byName.set(name, place);
  }
  return names.map((name) => {
    const place = byName.get(name) ?? 0;
    return { colour: colours[place % colours.length] ?? "#888888", dash: kDashes[Math.floor(place / colours.length)] ?? [1, 4] };
  });
}
