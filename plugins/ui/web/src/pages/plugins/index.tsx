// Plugins: everything that Tarsier is made of, and how each part is.
import { type JSX, Show } from "solid-js";

import { type Plugin, plugins } from "../../api/host";
import { Badge, type Tone } from "../../components/badge";
import { Page } from "../../components/page";
import { type Column, Table } from "../../components/table";
import { createLive, type PageState } from "../../lib/live";
import { ago, duration, format } from "../../lib/units";

function tone(state: string): Tone {
  if (state === "running") return "ok";
  if (["failed", "refused", "retained"].includes(state)) return "critical";
  return state === "degraded" || state === "quiescing" ? "warning" : "unknown";
}

const columns: Column<Plugin>[] = [
  { name: "State", cell: (plugin) => <Badge tone={tone(plugin.state)}>{plugin.state}</Badge> },
  {
    name: "Plugin",
    cell: (plugin) => (
      <>
        <b>{plugin.instance}</b>
        <Show when={plugin.instance !== plugin.plugin}> ({plugin.plugin})</Show> <span class="muted">{plugin.version}</span>
        <p class="reason">{plugin.reason || plugin.summary}</p>
      </>
    ),
  },
  { name: "Kind", cell: (plugin) => plugin.kinds.join(", ") },
  { name: "Since", number: true, cell: (plugin) => ago(plugin.since) },
  { name: "CPU", number: true, cell: (plugin) => duration(plugin.cpu_seconds) },
  { name: "Calls", number: true, cell: (plugin) => format(plugin.calls, "count") },
  { name: "Dropped", number: true, cell: (plugin) => format(plugin.dropped, "count") },
  { name: "Restarts", number: true, cell: (plugin) => format(plugin.restarts, "count") },
];

export function Plugins(): JSX.Element {
  const live = createLive(plugins, 5000);
  const rows = () => [...(live.data() ?? [])].sort((a, b) => a.instance.localeCompare(b.instance));
  const state = (): PageState => (live.data() ? (rows().length === 0 ? "empty" : "ready") : live.error() ? "error" : "loading");
  return (
    <Page name="plugins" title="Plugins" state={state()} error={live.error()} empty={<p>No plugin is loaded.</p>}>
      <Show when={rows().length > 0}>
        <Table label="Plugins" columns={columns} rows={rows()} />
      </Show>
    </Page>
  );
}
