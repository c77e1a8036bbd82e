/* One program, many roles: chosen by the name it is called by, or by its first argument. */
#include "standin.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct role *const families[] = {web_roles,      echo_roles, agnhost_roles, store_roles,
                                              database_roles, idle_roles, dns_roles,     entry_roles,
                                              applet_roles,   traceroute_roles};

static const struct role *find_role(const char *name) {
  const char *slash = strrchr(name, '/');
  if (slash) name = slash + 1;
  for (size_t i = 0; i < sizeof families / sizeof *families; i++)
    for (const struct role *role = families[i]; role->name; role++)
      if (strcmp(role->name, name) == 0) return role;
  return NULL;
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  const struct role *role = argc > 0 ? find_role(argv[0]) : NULL;
  // Images have their programs under other names: what a link points to says which role is meant.
  char target[256];
  ssize_t length = role || argc < 1 ? -1 : readlink(argv[0], target, sizeof target - 1);
  if (length > 0) {
    target[length] = 0;
    role = find_role(target);
    if (role) argv[0] = target;
  }
  if (role) return role->main(argc, argv);
  if (argc > 1 && (role = find_role(argv[1]))) return role->main(argc - 1, argv + 1);
  fprintf(stderr, "usage: standin ROLE [arguments]\nroles:");
  for (size_t i = 0; i < sizeof families / sizeof *families; i++)
    for (role = families[i]; role->name; role++) fprintf(stderr, " %s", role->name);
  fprintf(stderr, "\n");
  return 2;
}
