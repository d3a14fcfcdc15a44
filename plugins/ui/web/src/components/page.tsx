// The frame of a page: its title, its one heading, and its state as marks that tests and assistive tools read.
import { createEffect, type JSX, Show } from "solid-js";

import type { PageState } from "../lib/live";

interface Props {
  name: string;
  title: string;
  state: PageState;
  error?: string | undefined;
  /** What to say when there is nothing to show. */
  empty?: JSX.Element;
  tools?: JSX.Element;
  children: JSX.Element;
}

export function Page(props: Props): JSX.Element {
  createEffect(() => (document.title = `${props.title} · Tarsier`));
  return (
    <main class="page" id="content" tabindex="-1" data-page={props.name} data-page-state={props.state} aria-busy={props.state === "loading"}>
      <header class="page-head">
        <h1>{props.title}</h1>
        <div class="page-tools">{props.tools}</div>
      </header>
      <Show when={props.error}>
        {(message) => (
          <p class="notice notice-critical" role="alert">
            <span aria-hidden="true">✕</span> {message()}
          </p>
        )}
      </Show>
      <Show when={props.state === "empty"}>
        <div class="notice">{props.empty}</div>
      </Show>
      {props.children}
    </main>
  );
}
