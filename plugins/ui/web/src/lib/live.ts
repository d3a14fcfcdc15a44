// Live data: asked for at once, then every few seconds while the page is seen. What was there stays until the next answer.
import { createEffect, createSignal, onCleanup } from "solid-js";

export type PageState = "loading" | "ready" | "empty" | "error";

export interface Live<T> {
  data: () => T | undefined;
  error: () => string | undefined;
  refreshing: () => boolean;
}

/** `ask` is called again at once when a signal that it reads before its first await changes. */
export function createLive<T>(ask: (signal: AbortSignal) => Promise<T>, everyMs: number): Live<T> {
  const [data, setData] = createSignal<T>();
  const [error, setError] = createSignal<string>();
  const [refreshing, setRefreshing] = createSignal(false);
  let timer: number | undefined;
  let abort: AbortController | undefined;

  const run = async (begin: () => Promise<T>, mine: AbortController) => {
    setRefreshing(true);
    try {
      const answer = await begin();
      if (mine.signal.aborted) return;
      setData(() => answer);
      setError(undefined);
    } catch (failure) {
      if (mine.signal.aborted) return;
      setError(failure instanceof Error ? failure.message : String(failure));
    }
    setRefreshing(false);
    schedule();
  };
  const schedule = () => {
    window.clearTimeout(timer);
    if (!document.hidden) timer = window.setTimeout(() => start(), everyMs);
  };
  const start = () => {
    abort?.abort();
    const mine = new AbortController();
    abort = mine;
    const first = ask(mine.signal); // reads its signals here, where they are tracked
    void run(() => first, mine);
  };
  const onVisible = () => {
    if (!document.hidden) start();
  };

  createEffect(start);
  document.addEventListener("visibilitychange", onVisible);
  onCleanup(() => {
    abort?.abort();
    window.clearTimeout(timer);
    document.removeEventListener("visibilitychange", onVisible);
  });
  return { data, error, refreshing };
}
