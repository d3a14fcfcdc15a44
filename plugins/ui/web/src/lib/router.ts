// The URL is the state: its path names the page, its query what the page shows. Steps of the user are history entries.
import { createSignal } from "solid-js";

const read = () => new URL(window.location.href);
const [url, setUrl] = createSignal(read());

window.addEventListener("popstate", () => setUrl(read()));

export const path = (): string => url().pathname;
export const param = (name: string): string | null => url().searchParams.get(name);

/** Goes to another page; the time range and the theme come along. */
export function go(pathname: string): void {
  const next = new URL(pathname, window.location.origin);
  for (const name of ["range", "theme"]) {
    const value = param(name);
    if (value !== null) next.searchParams.set(name, value);
  }
  window.history.pushState(null, "", next);
  setUrl(next);
  window.scrollTo(0, 0);
}

export function setParam(name: string, value: string | null): void {
  const next = read();
  if (value === null) next.searchParams.delete(name);
  else next.searchParams.set(name, value);
  window.history.pushState(null, "", next);
  setUrl(next);
}
