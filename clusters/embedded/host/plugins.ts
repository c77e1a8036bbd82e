import type { PluginControllerOptions, PluginController } from '../plugins/plugin-controller.js';
import { createPluginController } from '../plugins/plugin-controller.js';

export function startPlugins(options: PluginControllerOptions): PluginController {
  return createPluginController(options);
}
