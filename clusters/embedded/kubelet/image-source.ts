import { explainMissingImage, findImage } from '../images/find-image.js';
import type { ImageSource } from './context.js';
import { fullImageName } from './pod-status.js';

export function createImageSource(): ImageSource {
  return {
    find: findImage,
    explain: (image) =>
      `failed to pull and unpack image "${fullImageName(image)}": ${explainMissingImage(image)}`,
  };
}
