// Where the build starts: gives the hooks in plugin.js the form that the server calls.

import plugin from "../plugin.js";
import { componentExports } from "./hooks.js";

export const { pluginHooks, events } = componentExports(plugin);
