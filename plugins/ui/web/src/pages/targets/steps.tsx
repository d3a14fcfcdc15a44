// How a target got its labels: each relabelling rule of its job, what it compared, and what it changed.
import { For, type JSX, Match, Show, Switch } from "solid-js";

import { type Labels, type RelabelStep, relabelSteps, type Target } from "../../api/prometheus";
import { LabelSet } from "../../components/labels";
import { createLive } from "../../lib/live";

interface Change {
  sign: "+" | "\u2212" | "~";
  labels: Labels;
}

/** A rule as one line, without what is as usual. */
export function ruleText(rule: RelabelStep["rule"]): string {
  const usual: Record<string, string> = { separator: ";", regex: "(.*)", replacement: "$1" };
  const keys = ["source_labels", "separator", "regex", "modulus", "target_label", "replacement"].filter((key) => rule[key] !== undefined && rule[key] !== usual[key]);
  return [String(rule["action"]), ...keys.map((key) => `${key}=${JSON.stringify(rule[key])}`)].join(" ");
}

export function changes(before: Labels, after: Labels): Change[] {
  const of = (sign: Change["sign"], entries: [string, string][]) => entries.map(([name, value]) => ({ sign, labels: { [name]: value } }));
  return [
    ...of("\u2212", Object.entries(before).filter(([name]) => after[name] === undefined)),
    ...of("~", Object.entries(after).filter(([name, value]) => before[name] !== undefined && before[name] !== value)),
    ...of("+", Object.entries(after).filter(([name]) => before[name] === undefined)),
  ];
}

function Step(props: { step: RelabelStep; before: Labels }): JSX.Element {
  return (
    <li data-step-keep={props.step.keep}>
      <code>{ruleText(props.step.rule)}</code>
      <p class="reason">{props.step.reason}</p>
      <Show when={props.step.keep} fallback={<p>dropped</p>}>
        <For each={changes(props.before, props.step.output)} fallback={<p class="reason">nothing changed</p>}>
          {(change) => (
            <p>
              {change.sign} <LabelSet labels={change.labels} />
            </p>
          )}
        </For>
      </Show>
    </li>
  );
}

export function Steps(props: { target: Target; close: () => void }): JSX.Element {
  const live = createLive((signal) => relabelSteps(props.target.scrapePool, props.target.discoveredLabels, signal), 30_000);
  const before = (index: number) => (index === 0 ? props.target.discoveredLabels : (live.data()?.[index - 1]?.output ?? {}));
  return (
    <section class="panel steps" data-steps-of={props.target.scrapeUrl} aria-label="Relabelling">
      <h2>How {props.target.scrapeUrl} got its labels</h2>
      <p>
        Found with <LabelSet labels={props.target.discoveredLabels} />
      </p>
      <Switch>
        <Match when={live.data()}>
          {(steps) => (
            <ol>
              <For each={steps()} fallback={<li>The job has no rules: labels that begin with __ go, and instance is the address.</li>}>
                {(step, index) => <Step step={step} before={before(index())} />}
              </For>
            </ol>
          )}
        </Match>
        <Match when={live.error()}>{(message) => <p class="panel-words">The rules cannot be shown: {message()}</p>}</Match>
      </Switch>
      <button type="button" onClick={() => props.close()}>
        Close
      </button>
    </section>
  );
}
