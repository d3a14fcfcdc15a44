// Alerts: what fires and what is about to.
import { type JSX, Show } from "solid-js";

import { type Alert, alerts } from "../../api/prometheus";
import { Badge } from "../../components/badge";
import { LabelSet } from "../../components/labels";
import { Page } from "../../components/page";
import { type Column, Table } from "../../components/table";
import { createLive, type PageState } from "../../lib/live";
import { ago } from "../../lib/units";

const tone = (alert: Alert) => (alert.state === "pending" ? "unknown" : alert.labels["severity"] === "critical" ? "critical" : "warning");

const columns: Column<Alert>[] = [
  { name: "State", cell: (alert) => <Badge tone={tone(alert)}>{alert.state}</Badge> },
  {
    name: "Alert",
    cell: (alert) => (
      <>
        <b>{alert.labels["alertname"]}</b>
        <Show when={alert.annotations["summary"]}>{(text) => <p class="reason">{text()}</p>}</Show>
      </>
    ),
  },
  { name: "Labels", cell: (alert) => <LabelSet labels={alert.labels} without={["alertname"]} /> },
  { name: "Since", number: true, cell: (alert) => ago(alert.activeAt ?? "") },
  { name: "Value", number: true, cell: (alert) => String(Number(alert.value)) },
];

export function Alerts(): JSX.Element {
  const live = createLive(alerts, 5000);
  const rows = () => [...(live.data() ?? [])].sort((a, b) => a.state.localeCompare(b.state) || (a.labels["alertname"] ?? "").localeCompare(b.labels["alertname"] ?? ""));
  const state = (): PageState => (live.data() ? (rows().length === 0 ? "empty" : "ready") : live.error() ? "error" : "loading");
  return (
    <Page name="alerts" title="Alerts" state={state()} error={live.error()} empty={<p><Badge tone="ok">Quiet</Badge> No alert is pending or firing.</p>}>
      <Show when={rows().length > 0}>
        <Table label="Alerts" columns={columns} rows={rows()} />
      </Show>
    </Page>
  );
}
