// A panel: a title, a graph, and words for when there is none.
import { type JSX, Match, Switch } from "solid-js";

import type { Series } from "../api/prometheus";
import type { Unit } from "../lib/units";
import { Graph } from "./graph";

export type PanelData = { series: Series[]; names: string[] } | { error: string };

interface Props {
  id: string;
  title: string;
  unit: Unit;
  max?: number | undefined;
  data: PanelData | undefined;
}

export function Panel(props: Props): JSX.Element {
  const state = () => {
    const data = props.data;
    if (!data) return "loading";
    if ("error" in data) return "error";
    return data.series.length === 0 ? "nodata" : "ready";
  };
  const drawn = () => {
    const data = props.data;
    return data && "series" in data && data.series.length > 0 ? data : undefined;
  };
  const reason = () => {
    const data = props.data;
    return data && "error" in data ? data.error : undefined;
  };
  return (
    <section class="panel" data-panel-id={props.id} data-panel-type="timeseries" data-panel-state={state()} data-panel-title={props.title} data-panel-error={reason()} data-panel-series={drawn()?.series.length ?? 0} aria-label={props.title}>
      <h2>{props.title}</h2>
      <Switch>
        <Match when={drawn()}>{(data) => <Graph series={data().series} names={data().names} unit={props.unit} max={props.max} />}</Match>
        <Match when={state() === "loading"}>
          <div class="skeleton" aria-label="loading" />
        </Match>
        <Match when={state() === "nodata"}>
          <p class="panel-words">No samples in this range yet. The node plugin publishes each 15 s.</p>
        </Match>
        <Match when={reason()}>{(message) => <p class="panel-words">The query failed: {message()}</p>}</Match>
      </Switch>
    </section>
  );
}
