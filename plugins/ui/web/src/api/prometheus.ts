// Prometheus' HTTP API, as this page uses it.
import { getJson } from "./fetch";

export type Labels = Record<string, string>;

export interface Series {
  labels: Labels;
  times: number[];
  values: (number | null)[];
}

export interface Target {
  discoveredLabels: Labels;
  labels: Labels;
  scrapePool: string;
  scrapeUrl: string;
  lastError: string;
  lastScrape: string;
  lastScrapeDuration: number;
  health: "up" | "down" | "unknown";
  scrapeInterval: string;
}

/** What one rule of a job made of a target's labels. */
export interface RelabelStep {
  rule: Record<string, string | number | string[]>;
  output: Labels;
  keep: boolean;
  reason: string;
}

export interface Alert {
  labels: Labels;
  annotations: Labels;
  state: "pending" | "firing" | "inactive";
  activeAt?: string;
  value: string;
}

interface Envelope {
  status: "success" | "error";
  data?: unknown;
  error?: string;
}

async function ask<T>(path: string, signal: AbortSignal): Promise<T> {
  const body = (await getJson(`/prometheus/api/v1/${path}`, signal)) as Envelope;
  if (body.status !== "success") throw new Error(body.error ?? "the API answered with an error and no reason");
  return body.data as T;
}

const number = (text: string): number | null => {
  const value = text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text);
  return Number.isFinite(value) ? value : null;
};

interface MatrixEntry {
  metric: Labels;
  values?: [number, string][];
  value?: [number, string];
}

export interface Range {
  startS: number;
  endS: number;
  stepS: number;
}

/** Values on the grid of the range: null where a series has none, so that gaps stay gaps. */
export async function queryRange(query: string, range: Range, signal: AbortSignal): Promise<Series[]> {
  const params = new URLSearchParams({ query, start: `${range.startS}`, end: `${range.endS}`, step: `${range.stepS}` });
  const data = await ask<{ result: MatrixEntry[] }>(`query_range?${params}`, signal);
  const points = Math.floor((range.endS - range.startS) / range.stepS) + 1;
  const times = Array.from({ length: points }, (_, i) => range.startS + i * range.stepS);
  return data.result.map((entry) => {
    const values: (number | null)[] = new Array<number | null>(points).fill(null);
    for (const [time, text] of entry.values ?? []) {
      const at = Math.round((time - range.startS) / range.stepS);
      if (at >= 0 && at < points) values[at] = number(text);
    }
    return { labels: entry.metric, times, values };
  });
}

export async function queryInstant(query: string, signal: AbortSignal): Promise<{ labels: Labels; value: number | null }[]> {
  const data = await ask<{ result: MatrixEntry[] }>(`query?${new URLSearchParams({ query })}`, signal);
  return data.result.map((entry) => ({ labels: entry.metric, value: entry.value ? number(entry.value[1]) : null }));
}

export const targets = async (signal: AbortSignal): Promise<Target[]> =>
  (await ask<{ activeTargets: Target[] }>("targets?state=active", signal)).activeTargets;

export async function relabelSteps(job: string, labels: Labels, signal: AbortSignal): Promise<RelabelStep[]> {
  const params = new URLSearchParams({ scrapePool: job, labels: JSON.stringify(labels), explain: "true" });
  return (await ask<{ steps: RelabelStep[] }>(`targets/relabel_steps?${params}`, signal)).steps;
}

export const alerts = async (signal: AbortSignal): Promise<Alert[]> => (await ask<{ alerts: Alert[] }>("alerts", signal)).alerts;
