import type { JsonObject } from '../../../../common/json.js';
import type { UserInfo } from '../registry/admission.js';

/** A user as reviews and admission show it. */
export function userJson(user: UserInfo): JsonObject {
  return {
    username: user.username,
    ...(user.uid !== undefined && user.uid !== '' && { uid: user.uid }),
    groups: [...user.groups],
    ...(user.extra !== undefined && {
      extra: Object.fromEntries(
        Object.entries(user.extra).map(([key, values]) => [key, [...values]]),
      ),
    }),
  };
}
