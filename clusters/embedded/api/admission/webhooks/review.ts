import { isJsonObject } from '../../../../../common/json.js';
import type { JsonObject } from '../../../../../common/json.js';
import { ApiError } from '../../api-error.js';
import type { StatusCause } from '../../api-error.js';
import { parseJson } from '../../json/parse-json.js';
import type { Question } from '../../registry/admission-chain.js';
import { shown } from '../../registry/admission.js';
import type { AdmissionRequest } from '../../registry/admission.js';
import { requestJson } from '../policies/request-variables.js';
import { CallError } from './webhook-objects.js';
import type { Webhook } from './webhook-objects.js';

const KIND = 'AdmissionReview';
const GROUP = 'admission.k8s.io';
const OPTIONS = {
  CREATE: 'CreateOptions',
  UPDATE: 'UpdateOptions',
  DELETE: 'DeleteOptions',
  CONNECT: undefined,
};

/** One form of a review for all webhooks of a step: the objects are turned into text once. */
export class ReviewForm {
  readonly #tail: string;

  constructor({ step, request }: Question) {
    const isEarly =
      step !== 'validate' && request.operation === 'CREATE' && request.seen === undefined;
    const asked = requestJson(request);
    if (isEarly && request.nameIsGenerated) asked['name'] = '';
    const kind = OPTIONS[request.operation];
    const options = kind === undefined ? null : { kind, apiVersion: 'meta.k8s.io/v1' };
    const object = JSON.stringify(
      (isEarly ? asClientSent(request) : shown(request, 'object')) ?? null,
    );
    const oldObject = JSON.stringify(shown(request, 'old'));
    this.#tail = `,${JSON.stringify(asked).slice(1, -1)},"object":${object},"oldObject":${oldObject},"options":${JSON.stringify(options)}}}`;
  }

  text(uid: string, version: ReviewVersion): string {
    return `{"kind":"${KIND}","apiVersion":"${GROUP}/${version}","request":{"uid":"${uid}"${this.#tail}`;
  }
}

/** Without what the server gives an object when it is stored, which mutating webhooks do not see yet. */
function asClientSent({ object, nameIsGenerated }: AdmissionRequest): unknown {
  if (object === undefined) return undefined;
  const { uid: _uid, resourceVersion: _version, ...metadata } = object.metadata;
  return {
    ...object,
    metadata: {
      ...metadata,
      ...(nameIsGenerated && { name: undefined }),
      creationTimestamp: null,
    },
  };
}

export type ReviewVersion = 'v1' | 'v1beta1';

/** The first version that both understand. */
export function versionFor({ admissionReviewVersions }: Webhook): ReviewVersion {
  return admissionReviewVersions.find(isVersion) ?? 'v1';
}

function isVersion(version: string): version is ReviewVersion {
  return version === 'v1' || version === 'v1beta1';
}

export interface Verdict {
  allowed: boolean;
  warnings: readonly string[];
  /** Operations of a JSON patch; empty where nothing is to be changed. */
  patch: readonly unknown[];
  status: JsonObject;
}

/** Reads a webhook's answer. Throws CallError in the real server's words where it is none. */
export function readAnswer(
  text: string,
  asked: { uid: string; version: ReviewVersion; mutating: boolean },
): Verdict {
  const review = parseReview(text);
  const invalid = (why: string): CallError =>
    new CallError(`received invalid webhook response: ${why}`);
  const { response } = review;
  if (!isJsonObject(response)) throw invalid('webhook response was absent');
  if (asked.version === 'v1') checkV1(response, asked, invalid);
  const found = `${textOf(review['apiVersion'])}, Kind=${textOf(review['kind'])}`;
  const expected = `${GROUP}/${asked.version}, Kind=${KIND}`;
  if (asked.version === 'v1' && found !== expected) {
    throw invalid(`expected webhook response of ${expected}, got ${found}`);
  }
  const { warnings, status } = response;
  return {
    allowed: response['allowed'] === true,
    warnings: Array.isArray(warnings)
      ? warnings.filter((item): item is string => typeof item === 'string')
      : [],
    patch: asked.mutating ? patchOf(response) : [],
    status: isJsonObject(status) ? status : {},
  };
}

function parseReview(text: string): JsonObject {
  let review: unknown;
  try {
    review = parseJson(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CallError(
      `failed to call webhook: couldn't get version/kind; json parse error: ${why}`,
    );
  }
  if (isJsonObject(review)) {
    for (const field of ['kind', 'apiVersion']) {
      if (textOf(review[field]) === '' && textOf(review['kind']) !== KIND) {
        const name = field === 'kind' ? 'Kind' : field;
        throw new CallError(
          `failed to call webhook: Object '${name}' is missing in '${text.slice(0, LONGEST_QUOTE)}'`,
        );
      }
    }
    return review;
  }
  throw new CallError(
    `failed to call webhook: couldn't get version/kind; json parse error: json: cannot unmarshal ${goType(review)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
  );
}

const LONGEST_QUOTE = 1024;

function checkV1(
  response: JsonObject,
  { uid, mutating }: { uid: string; mutating: boolean },
  invalid: (why: string) => CallError,
): void {
  const { patchType } = response;
  const patch = textOf(response['patch']);
  if (response['uid'] !== uid) {
    throw invalid(
      `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(textOf(response['uid']))}`,
    );
  }
  const hasType = patchType !== undefined && patchType !== null;
  if (!mutating) {
    if (patch !== '') throw invalid('validating webhook may not return response.patch');
    if (hasType) throw invalid('validating webhook may not return response.patchType');
    return;
  }
  if (patch !== '' && !hasType) {
    throw invalid('webhook returned response.patch but not response.patchType');
  }
  if (patch === '' && hasType) {
    throw invalid('webhook returned response.patchType but not response.patch');
  }
  if (hasType && patchType === '') {
    throw invalid('webhook returned invalid response.patchType of ""');
  }
  if (hasType && patchType !== 'JSONPatch') {
    throw new CallError(`unsupported patch type ${JSON.stringify(patchType)}`);
  }
}

function patchOf(response: JsonObject): readonly unknown[] {
  const encoded = textOf(response['patch']);
  if (encoded === '') return [];
  try {
    const patch = parseJson(Buffer.from(encoded, 'base64').toString('utf8'));
    if (Array.isArray(patch)) return patch;
    throw new Error(
      `json: cannot unmarshal ${goType(patch)} into Go value of type jsonpatch.Patch`,
    );
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CallError(`received undecodable patch in webhook response: ${why}`);
  }
}

/** A webhook's no, as the client sees it. */
export function denial(webhook: string, status: JsonObject): ApiError {
  const by = `admission webhook ${JSON.stringify(webhook)} denied the request`;
  const { code, details } = status;
  const reason = textOf(status['reason']);
  const why = textOf(status['message']) || reason;
  const isRefusal = typeof code === 'number' && Number.isInteger(code) && code >= 400 && code < 600;
  return new ApiError(isRefusal ? code : 400, reason, {
    message: why === '' ? `${by} without explanation` : `${by}: ${why}`,
    ...(isJsonObject(details) && { details: detailsOf(details) }),
  });
}

function detailsOf(details: JsonObject): NonNullable<ApiError['details']> {
  const { causes, retryAfterSeconds } = details;
  const texts = (source: JsonObject, names: readonly string[]): Record<string, string> =>
    Object.fromEntries(
      names.flatMap((name) => (textOf(source[name]) === '' ? [] : [[name, textOf(source[name])]])),
    );
  return {
    ...texts(details, ['name', 'group', 'kind', 'uid']),
    ...(Array.isArray(causes) && {
      causes: causes
        .filter(isJsonObject)
        .map((cause): StatusCause => texts(cause, ['reason', 'message', 'field'])),
    }),
    ...(typeof retryAfterSeconds === 'number' && { retryAfterSeconds }),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
