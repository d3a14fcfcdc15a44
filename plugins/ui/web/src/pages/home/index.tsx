// Home: the machine, live.
import { For, type JSX } from "solid-js";

import { queryRange, type Range, type Series } from "../../api/prometheus";
import { Page } from "../../components/page";
import { Panel, type PanelData } from "../../components/panel";
import { createLive, type PageState } from "../../lib/live";
import { param, setParam } from "../../lib/router";
import { panels, type PanelSpec } from "./panels";
import { Summary } from "./summary";

const kRanges: readonly { name: string; seconds: number }[] = [
  { name: "5m", seconds: 300 },
  { name: "15m", seconds: 900 },
  { name: "1h", seconds: 3600 },
  { name: "6h", seconds: 21600 },
  { name: "24h", seconds: 86400 },
];
const kPoints = 180;

const chosen = () => kRanges.find((range) => range.name === param("range")) ?? kRanges[1] ?? { name: "15m", seconds: 900 };

/** Ends now, on a grid that stays in place from one refresh to the next, so that the lines do not shiver. */
function currentRange(seconds: number): Range {
  const stepS = Math.max(5, Math.ceil(seconds / kPoints / 5) * 5);
  const endS = Math.floor(Date.now() / 1000 / stepS) * stepS;
  return { startS: endS - seconds, endS, stepS };
}

/** Several machines have series of the same name: then the instance is part of it. */
function distinct(names: string[], series: Series[]): string[] {
  if (new Set(names).size === names.length) return names;
  return names.map((name, i) => `${name} · ${series[i]?.labels["instance"] ?? "?"}`);
}

async function load(panel: PanelSpec, range: Range, signal: AbortSignal): Promise<PanelData> {
  try {
    const answers = await Promise.all(panel.queries.map((query) => queryRange(query.expression, range, signal)));
    const series: Series[] = answers.flat();
    const names = answers.flatMap((answer, i) => answer.map((one) => panel.queries[i]?.name(one.labels) ?? ""));
    return { series, names: distinct(names, series) };
  } catch (failure) {
    return { error: failure instanceof Error ? failure.message : String(failure) };
  }
}

export function Home(): JSX.Element {
  const live = createLive(async (signal) => {
    const range = currentRange(chosen().seconds);
    const loaded = await Promise.all(panels.map((panel) => load(panel, range, signal)));
    return new Map(panels.map((panel, i) => [panel.id, loaded[i]]));
  }, 5000);

  const state = (): PageState => {
    const data = live.data();
    if (!data) return live.error() ? "error" : "loading";
    const all = [...data.values()];
    if (all.every((one) => one && "error" in one)) return "error";
    return all.every((one) => one && "series" in one && one.series.length === 0) ? "empty" : "ready";
  };
  const ranges = (
    <div class="choices" role="group" aria-label="Time range">
      <For each={kRanges}>
        {(range) => (
          <button type="button" aria-pressed={chosen().name === range.name} onClick={() => setParam("range", range.name)}>
            {range.name}
          </button>
        )}
      </For>
    </div>
  );
  return (
    <Page name="home" title="This machine" state={state()} error={live.error()} tools={ranges} empty={<p>No samples yet. The first ones come within 15 seconds of the start.</p>}>
      <Summary />
      <div class="panels">
        <For each={panels}>{(panel) => <Panel id={panel.id} title={panel.title} unit={panel.unit} max={panel.max} data={live.data()?.get(panel.id)} />}</For>
      </div>
    </Page>
  );
}
