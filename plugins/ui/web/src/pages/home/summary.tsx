// Words before charts: what is wrong, since when, and where to look.
import { For, type JSX, Show } from "solid-js";

import { NotServed } from "../../api/fetch";
import { type Alert, alerts, type Target, targets } from "../../api/prometheus";
import { Badge } from "../../components/badge";
import { Link } from "../../components/link";
import { createLive } from "../../lib/live";
import { ago } from "../../lib/units";

interface State {
  firing: Alert[];
  evaluated: boolean; // false: no plugin evaluates rules
  down: Target[];
  targets: number;
}

/** What `answer` promises, or undefined where its plugin is not configured. */
async function ifServed<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (failure) {
    if (failure instanceof NotServed) return undefined;
    throw failure;
  }
}

async function ask(signal: AbortSignal): Promise<State> {
  const [allAlerts, allTargets = []] = await Promise.all([ifServed(alerts(signal)), ifServed(targets(signal))]);
  return {
    firing: (allAlerts ?? []).filter((alert) => alert.state === "firing"),
    evaluated: allAlerts !== undefined,
    down: allTargets.filter((target) => target.health === "down"),
    targets: allTargets.length,
  };
}

export function Summary(): JSX.Element {
  const live = createLive(ask, 5000);
  const well = () => live.data()?.firing.length === 0 && live.data()?.down.length === 0;
  return (
    <section class="summary" aria-live="polite" aria-label="Summary">
      <Show when={live.error()}>{(message) => <p><Badge tone="unknown">State unknown</Badge> {message()}</p>}</Show>
      <Show when={well()}>
        <p>
          <Badge tone="ok">All is well</Badge> {live.data()?.evaluated ? "No alert is firing" : "No rules are configured"}{live.data()?.targets ? `, and ${live.data()?.targets === 1 ? "the one target is" : `all ${live.data()?.targets} targets are`} up` : ""}.
        </p>
      </Show>
      <For each={live.data()?.firing}>
        {(alert) => (
          <p>
            <Badge tone={alert.labels["severity"] === "critical" ? "critical" : "warning"}>{alert.labels["alertname"]}</Badge>{" "}
            {alert.annotations["summary"] ?? alert.labels["instance"] ?? ""} <span class="muted">since {ago(alert.activeAt ?? "")}</span> <Link to="/alerts">Look</Link>
          </p>
        )}
      </For>
      <For each={live.data()?.down}>
        {(target) => (
          <p>
            <Badge tone="critical">Down</Badge> {target.scrapePool} on {target.labels["instance"]}: {target.lastError} <Link to="/targets">Look</Link>
          </p>
        )}
      </For>
    </section>
  );
}
