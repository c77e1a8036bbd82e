export { createPluginController } from './plugin-controller.js';
export type { PluginController } from './plugin-controller.js';
export type { NodeNetwork } from './node-network.js';
export { pluginManifest, pluginManifestText } from './plugin-manifest.js';
