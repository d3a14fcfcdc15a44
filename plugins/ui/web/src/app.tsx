// The shell: navigation, theme, and the page that the path names.
import { For, type JSX, Match, Switch } from "solid-js";
import { Dynamic } from "solid-js/web";

import icon from "./icon.svg";
import { Link } from "./components/link";
import { Page } from "./components/page";
import { path } from "./lib/router";
import { theme, toggleTheme } from "./lib/theme";
import { Alerts } from "./pages/alerts";
import { Home } from "./pages/home";
import { Plugins } from "./pages/plugins";
import { Targets } from "./pages/targets";

const kPages: readonly { path: string; name: string; glyph: string; page: () => JSX.Element }[] = [
  { path: "/", name: "Home", glyph: "M3 11 12 3l9 8v10h-6v-6H9v6H3z", page: Home },
  { path: "/targets", name: "Targets", glyph: "M12 2v4m0 12v4M2 12h4m12 0h4m-10-5a5 5 0 1 0 0 10 5 5 0 0 0 0-10z", page: Targets },
  { path: "/alerts", name: "Alerts", glyph: "M6 17V11a6 6 0 0 1 12 0v6l2 2H4zm4 4h4", page: Alerts },
  { path: "/plugins", name: "Plugins", glyph: "M4 4h7v7H4zm9 0h7v7h-7zM4 13h7v7H4zm12 0v7m-3.5-3.5h7", page: Plugins },
];

function Missing(): JSX.Element {
  return (
    <Page name="missing" title="No such page" state="empty" empty={<p>There is nothing at {path()}. <Link to="/">Go home</Link></p>}>
      {null}
    </Page>
  );
}

export function App(): JSX.Element {
  const current = () => kPages.find((page) => page.path === path());
  const other = () => (theme() === "dark" ? "light" : "dark");
  return (
    <div class="shell">
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="bar">
        <Link to="/" class="brand">
          <img src={icon} alt="" width="24" height="24" /> Tarsier
        </Link>
        <button type="button" class="quiet" onClick={toggleTheme} aria-label={`Switch to the ${other()} theme`}>
          <span aria-hidden="true">{theme() === "dark" ? "☀" : "☾"}</span>
        </button>
      </header>
      <nav class="rail" aria-label="Pages">
        <For each={kPages}>
          {(page) => (
            <Link to={page.path} class="rail-link">
              <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
                <path d={page.glyph} fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" stroke-linecap="round" />
              </svg>
              <span>{page.name}</span>
            </Link>
          )}
        </For>
      </nav>
      <Switch fallback={<Missing />}>
        <Match when={current()}>{(page) => <Dynamic component={page().page} />}</Match>
      </Switch>
    </div>
  );
}
