export { ApiError } from './api-error.js';
export { createClusterApi } from './create-cluster-api.js';
export type { ClusterApiOptions, ClusterApiServerSide } from './create-cluster-api.js';
export type { Admission, AdmissionRequest, UserInfo } from './registry/admission.js';
export { createApiServer } from './create-api-server.js';
export type { ApiServer, ApiServerOptions, TokenOptions } from './create-api-server.js';
