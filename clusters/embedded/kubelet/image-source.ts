import { explainMissingImage, findImage } from '../images/find-image.js';
import type { ImageSource } from './context.js';

/** The catalogue of stand-ins as the kubelet asks it. */
export function createImageSource(): ImageSource {
  return { find: findImage, explain: explainMissingImage };
}
