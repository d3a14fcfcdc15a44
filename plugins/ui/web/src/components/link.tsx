// A link within the page: an ordinary one for the keyboard, for copying and for new tabs, without a reload on a plain click.
import type { JSX } from "solid-js";

import { go, path } from "../lib/router";

export function Link(props: { to: string; class?: string; children: JSX.Element }): JSX.Element {
  const follow = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(props.to);
  };
  return (
    <a href={props.to} class={props.class} onClick={follow} aria-current={path() === props.to ? "page" : undefined}>
      {props.children}
    </a>
  );
}
