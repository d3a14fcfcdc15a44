import { render } from "solid-js/web";

import { App } from "./app";
import { startTheme } from "./lib/theme";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";

startTheme();
const root = document.getElementById("app");
if (root) render(() => <App />, root);
