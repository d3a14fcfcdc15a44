// A time series graph: uPlot drawn in the colours of the theme, with a legend that shows the values under the pointer.
import { createEffect, createSignal, For, type JSX, on, onCleanup, onMount } from "solid-js";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import type { Series } from "../api/prometheus";
import { strokes } from "../lib/palette";
import { theme } from "../lib/theme";
import { format, type Unit } from "../lib/units";

interface Props {
  series: Series[];
  names: string[];
  unit: Unit;
  /** Draws from zero to at least this. */
  max?: number | undefined;
}

const kHeight = 190;
// All graphs of the page share one crosshair.
const kSync = uPlot.sync("page");

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The time of day, 24 hours, in the browser's zone. */
function clock(seconds: number): string {
  const time = new Date(seconds * 1000);
  const two = (value: number) => `${value}`.padStart(2, "0");
  const minutes = `${two(time.getHours())}:${two(time.getMinutes())}`;
  return time.getSeconds() === 0 ? minutes : `${minutes}:${two(time.getSeconds())}`;
}

// Bytes are counted in powers of two, so their axis is divided by them.
const kPowersOfTwo = Array.from({ length: 60 }, (_, power) => 2 ** power);

function axes(unit: Unit): uPlot.Axis[] {
  const shared = { stroke: token("--muted"), grid: { stroke: token("--grid"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  return [
    { ...shared, space: 70, size: 28, values: (_plot, ticks) => ticks.map(clock) },
    { ...shared, size: 66, ...(unit === "bytes" ? { incrs: kPowersOfTwo } : {}), values: (_plot, ticks) => ticks.map((tick) => format(tick, unit)) },
  ];
}

export function Graph(props: Props): JSX.Element {
  let box: HTMLDivElement | undefined;
  let plot: uPlot | undefined;
  const [hover, setHover] = createSignal<number | null>(null);
  const paint = () => strokes(props.names, theme());

  const data = (): uPlot.AlignedData => [props.series[0]?.times ?? [], ...props.series.map((one) => one.values)];
  const build = () => {
    plot?.destroy();
    if (!box) return;
    const width = props.series.length > 12 ? 1 : 1.5;
    plot = new uPlot(
      {
        width: Math.max(box.clientWidth, 120),
        height: kHeight,
        legend: { show: false },
        cursor: { sync: { key: kSync.key }, points: { size: 6 }, drag: { x: false, y: false } },
        scales: { y: { range: (_plot, low, high) => [Math.min(0, low ?? 0), Math.max(props.max ?? 0, (high ?? 0) * 1.05) || 1] } },
        axes: axes(props.unit),
        padding: [8, 12, 0, 0],
        series: [{}, ...paint().map((stroke, i) => ({ label: props.names[i] ?? "", stroke: stroke.colour, dash: stroke.dash, width, points: { show: false } }))],
        hooks: { setCursor: [(drawn) => setHover(drawn.cursor.idx ?? null)] },
      },
      data(),
      box,
    );
  };

  onMount(() => {
    build();
    if (!box) return;
    const resized = new ResizeObserver(() => plot?.setSize({ width: Math.max(box?.clientWidth ?? 0, 120), height: kHeight }));
    resized.observe(box);
    onCleanup(() => resized.disconnect());
  });
  onCleanup(() => plot?.destroy());
  // The same series with new values are only set; another theme or other series are drawn anew.
  createEffect(on(() => `${theme()} ${props.names.join("\u0000")}`, build, { defer: true }));
  createEffect(on(() => props.series, () => plot?.setData(data()), { defer: true }));

  const shown = (one: Series): number | null => {
    const at = hover();
    if (at !== null) return one.values[at] ?? null;
    for (let i = one.values.length - 1; i >= 0; i -= 1) if (one.values[i] != null) return one.values[i] ?? null;
    return null;
  };
  return (
    <div class="graph">
      <div class="graph-plot" ref={(element) => (box = element)} />
      <ul class="legend">
        <For each={props.series}>
          {(one, i) => (
            <li>
              <span class="legend-mark" style={{ background: paint()[i()]?.colour ?? "" }} aria-hidden="true" />
              <span class="legend-name">{props.names[i()]}</span>
              <span class="number">{format(shown(one), props.unit)}</span>
            </li>
          )}
        </For>
      </ul>
    </div>
  );
}
