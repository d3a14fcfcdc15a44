// What the host says of itself.
import { getJson } from "./fetch";

export interface Plugin {
  instance: string;
  plugin: string;
  version: string;
  file: string;
  kinds: string[];
  summary: string;
  state: string;
  reason: string;
  since: string;
  restarts: number;
  cpu_seconds: number;
  calls: number;
  queue_length: number;
  dropped: number;
}

export const plugins = async (signal: AbortSignal): Promise<Plugin[]> => (await getJson("/api/plugins", signal)) as Plugin[];
