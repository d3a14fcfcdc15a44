// A label set, its name first.
import { For, type JSX } from "solid-js";

import type { Labels } from "../api/prometheus";

export function LabelSet(props: { labels: Labels; without?: readonly string[] }): JSX.Element {
  const shown = () => Object.entries(props.labels).filter(([name]) => !(props.without ?? []).includes(name));
  return (
    <span class="labels">
      <For each={shown()}>
        {([name, value]) => (
          <span class="label">
            {name}=<b>{value}</b>
          </span>
        )}
      </For>
    </span>
  );
}
