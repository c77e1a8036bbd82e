export { createPluginController } from './plugin-controller.js';
export type { PluginController, PluginControllerOptions } from './plugin-controller.js';
export type { NetworkReadiness, NodeNetwork } from './node-network.js';
export { pluginManifest, pluginManifestText } from './plugin-manifest.js';
export type { PluginName, PluginTraits, Routing } from './traits.js';
