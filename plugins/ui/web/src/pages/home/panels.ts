// What the home page draws of the machine: PromQL, and how each series is named.
import type { Labels } from "../../api/prometheus";
import type { Unit } from "../../lib/units";

export interface PanelSpec {
  id: string;
  title: string;
  unit: Unit;
  max?: number;
  queries: { expression: string; name: (labels: Labels) => string }[];
}

const device = (what: string) => (labels: Labels) => `${labels["device"] ?? "?"} ${what}`;

export const panels: readonly PanelSpec[] = [
  {
    id: "cpu",
    title: "CPU",
    unit: "ratio",
    max: 0.1,
    queries: [{ expression: 'avg by (mode) (rate(node_cpu_seconds_total{mode!="idle"}[1m]))', name: (labels) => labels["mode"] ?? "?" }],
  },
  {
    id: "load",
    title: "Load",
    unit: "short",
    max: 1,
    queries: [
      { expression: "node_load1", name: () => "1 min" },
      { expression: "node_load5", name: () => "5 min" },
      { expression: "node_load15", name: () => "15 min" },
    ],
  },
  {
    id: "memory",
    title: "Memory",
    unit: "bytes",
    queries: [
      { expression: "node_memory_MemTotal_bytes", name: () => "total" },
      { expression: "node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes", name: () => "used" },
      { expression: "node_memory_Cached_bytes + node_memory_Buffers_bytes", name: () => "cache" },
    ],
  },
  {
    id: "network",
    title: "Network",
    unit: "bytes/s",
    max: 1000,
    queries: [
      { expression: 'rate(node_network_receive_bytes_total{device!="lo"}[1m])', name: device("in") },
      { expression: 'rate(node_network_transmit_bytes_total{device!="lo"}[1m])', name: device("out") },
    ],
  },
  {
    id: "disk",
    title: "Disk",
    unit: "bytes/s",
    max: 1000,
    queries: [
      { expression: "rate(node_disk_read_bytes_total[1m])", name: device("read") },
      { expression: "rate(node_disk_written_bytes_total[1m])", name: device("written") },
    ],
  },
  {
    id: "filesystem",
    title: "Filesystems, used",
    unit: "ratio",
    max: 1,
    queries: [
      {
        expression: '1 - node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs"} / node_filesystem_size_bytes',
        name: (labels) => labels["mountpoint"] ?? "?",
      },
    ],
  },
];
