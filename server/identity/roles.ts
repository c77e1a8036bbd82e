/** Each may do what those before it may: the owner of a laptop is an admin, and a learner on the same page. */
export const ROLES = ['learner', 'instructor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export interface User {
  id: string;
  name: string;
  role: Role;
  classId: string | undefined;
}

export function hasRole(user: User, needed: Role): boolean {
  return ROLES.indexOf(user.role) >= ROLES.indexOf(needed);
}

/** A role read from storage; anything unknown is the least. */
export function parseRole(text: string): Role {
  return ROLES.find((role) => role === text) ?? 'learner';
}
