// A state in colour, shape and word, so that none of the three is needed alone.
import type { JSX } from "solid-js";

export type Tone = "ok" | "warning" | "critical" | "unknown";

const kShapes: Record<Tone, string> = { ok: "●", warning: "▲", critical: "■", unknown: "○" };

export function Badge(props: { tone: Tone; children: JSX.Element }): JSX.Element {
  return (
    <span class={`badge badge-${props.tone}`}>
      <span aria-hidden="true">{kShapes[props.tone]}</span> {props.children}
    </span>
  );
}
