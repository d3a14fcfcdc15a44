// Numbers as people read them; a thin space before the unit, U+2212 for minus.
const kThin = "\u2009";

const sign = (text: string) => text.replace("-", "\u2212");

function scaled(value: number, base: number, units: readonly string[]): string {
  let step = 0;
  let rest = Math.abs(value);
  while (rest >= base && step < units.length - 1) {
    rest /= base;
    step += 1;
  }
  const digits = rest >= 100 || rest === 0 ? 0 : rest >= 10 ? 1 : 2;
  const text = (value < 0 ? -rest : rest).toFixed(digits);
  const unit = units[step] ?? "";
  return sign(text) + (unit ? kThin + unit : "");
}

export type Unit = "bytes" | "bytes/s" | "ratio" | "short" | "count";

export function format(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "\u2013";
  switch (unit) {
    case "bytes":
      return scaled(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]);
    case "bytes/s":
      return scaled(value, 1000, ["B/s", "kB/s", "MB/s", "GB/s", "TB/s"]);
    case "ratio":
      return sign((value * 100).toFixed(value < 0.0995 ? 1 : 0)) + kThin + "%";
    case "short":
      return scaled(value, 1000, ["", "k", "M", "G", "T"]);
    case "count":
      return value < 10000 ? `${Math.round(value)}` : scaled(value, 1000, ["", "k", "M", "G", "T"]);
  }
}

/** "3 s", "12 min", "2 h 5 min", "4 d": how long ago, or how long. */
export function duration(seconds: number): string {
  const whole = Math.max(0, seconds);
  if (whole < 0.001) return `${Math.round(whole * 1e6)}${kThin}µs`;
  if (whole < 1) return `${(whole * 1000).toPrecision(3).replace(/\.0+$/, "")}${kThin}ms`;
  if (whole < 60) return `${Math.floor(whole)}${kThin}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}${kThin}min`;
  if (whole < 86400) return `${Math.floor(whole / 3600)}${kThin}h ${Math.floor((whole % 3600) / 60)}${kThin}min`;
  return `${Math.floor(whole / 86400)}${kThin}d ${Math.floor((whole % 86400) / 3600)}${kThin}h`;
}

export const ago = (iso: string): string => {
  const then = Date.parse(iso);
  return Number.isNaN(then) || then <= 0 ? "never" : `${duration((Date.now() - then) / 1000)} ago`;
};
