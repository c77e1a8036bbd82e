import type { PodSpec, PodStatus } from 'kubernetes-types/core/v1.js';
import type { ObjectOf } from '../loose.js';

export type Pod = ObjectOf<PodSpec, PodStatus>;
