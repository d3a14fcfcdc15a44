// Targets: what is scraped, how it went, and why not.
import { type JSX, Show } from "solid-js";

import { type Target, targets } from "../../api/prometheus";
import { Badge, type Tone } from "../../components/badge";
import { LabelSet } from "../../components/labels";
import { Page } from "../../components/page";
import { type Column, Table } from "../../components/table";
import { createLive, type PageState } from "../../lib/live";
import { param, setParam } from "../../lib/router";
import { ago, duration } from "../../lib/units";
import { Steps } from "./steps";

const kTones: Record<Target["health"], Tone> = { up: "ok", down: "critical", unknown: "unknown" };
const kFirst = { down: 0, unknown: 1, up: 2 };

/** What the URL says of a target whose rules are shown. */
const keyOf = (target: Target): string => `${target.scrapePool} ${target.scrapeUrl}`;

const columns: Column<Target>[] = [
  { name: "State", cell: (target) => <Badge tone={kTones[target.health]}>{target.health}</Badge> },
  { name: "Job", cell: (target) => target.scrapePool },
  {
    name: "Endpoint",
    cell: (target) => (
      <>
        <code>{target.scrapeUrl}</code>
        <Show when={target.lastError}>
          <p class="reason">{target.lastError}</p>
        </Show>
      </>
    ),
  },
  {
    name: "Labels",
    cell: (target) => (
      <>
        <LabelSet labels={target.labels} without={["job"]} />{" "}
        <button type="button" class="plain" onClick={() => setParam("rules", keyOf(target))} aria-label={`How ${target.scrapeUrl} got its labels`}>
          how?
        </button>
      </>
    ),
  },
  { name: "Last scrape", number: true, cell: (target) => ago(target.lastScrape) },
  { name: "Took", number: true, cell: (target) => (target.health === "unknown" ? "\u2013" : duration(target.lastScrapeDuration)) },
];

export function Targets(): JSX.Element {
  const live = createLive(targets, 5000);
  const rows = () => [...(live.data() ?? [])].sort((a, b) => kFirst[a.health] - kFirst[b.health] || a.scrapeUrl.localeCompare(b.scrapeUrl));
  const shown = () => (param("rules") === null ? undefined : rows().find((target) => keyOf(target) === param("rules")));
  const state = (): PageState => (live.data() ? (rows().length === 0 ? "empty" : "ready") : live.error() ? "error" : "loading");
  const empty = (
    <>
      <p>Nothing is scraped yet. Add a job to the configuration; it is picked up at once:</p>
      <pre>{'[[plugin.scrape.job]]\njob_name = "my-service"\nstatic_configs = [{ targets = ["127.0.0.1:8080"] }]'}</pre>
    </>
  );
  return (
    <Page name="targets" title="Targets" state={state()} error={live.error()} empty={empty}>
      <Show when={rows().length > 0}>
        <Table label="Targets" columns={columns} rows={rows()} />
      </Show>
      <Show when={shown()}>{(target) => <Steps target={target()} close={() => setParam("rules", null)} />}</Show>
    </Page>
  );
}
