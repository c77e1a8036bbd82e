import type { ServiceSpec, ServiceStatus } from 'kubernetes-types/core/v1.js';
import type { ObjectOf } from '../loose.js';

export type Service = ObjectOf<ServiceSpec, ServiceStatus>;
