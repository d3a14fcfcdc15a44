// Dark or light: ?theme= says it, else what was chosen here before, else the system.
import { createEffect, createRoot, createSignal } from "solid-js";

import { param, setParam } from "./router";

export type Theme = "dark" | "light";
const kStored = "tarsier.theme";

const system = window.matchMedia("(prefers-color-scheme: light)");
const [systemTheme, setSystemTheme] = createSignal<Theme>(system.matches ? "light" : "dark");
system.addEventListener("change", () => setSystemTheme(system.matches ? "light" : "dark"));

const named = (text: string | null): Theme | null => (text === "dark" || text === "light" ? text : null);

function stored(): Theme | null {
  try {
    return named(window.localStorage.getItem(kStored));
  } catch {
    return null; // storage is switched off: the system's theme does
  }
}

export const theme = (): Theme => named(param("theme")) ?? stored() ?? systemTheme();

export function toggleTheme(): void {
  const next: Theme = theme() === "dark" ? "light" : "dark";
  try {
    window.localStorage.setItem(kStored, next);
  } catch {
    // the URL carries it
  }
  setParam("theme", next);
}

export function startTheme(): void {
  createRoot(() => createEffect(() => (document.documentElement.dataset["theme"] = theme())));
}
