/* What images do before their program starts, and tools that cannot do their work here. */
#include "standin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Options alone mean: options for the image's own server. */
static int entrypoint_main(int argc, char **argv) {
  static const char *const servers[] = {"nginx", "postgres", "mysqld", "mariadbd", "mongod", "redis-server", "valkey-server", "memcached", "httpd"};
  char path[64], *full[128] = {0};
  if (argc > 100) return 2;
  int count = 0;
  for (size_t i = 0; i < sizeof servers / sizeof *servers && count == 0; i++) {
    snprintf(path, sizeof path, "/usr/local/bin/%s", servers[i]);
    if ((argc < 2 || argv[1][0] == '-' || strstr(argv[1], ".conf")) && access(path, X_OK) == 0) full[count++] = (char *)servers[i];
  }
  for (int i = 1; i < argc; i++) full[count++] = argv[i];
  if (count == 0) return 0;
  execvp(full[0], full);
  say(stderr, "%s: exec: %s: %s", argv[0], full[0], strerror(errno));
  return 127;
}

/* curlimages/curl: options alone are curl's. */
static int curl_entry_main(int argc, char **argv) {
  char *full[128] = {0};
  int count = 0;
  if (argc > 100) return 2;
  if (argc < 2 || argv[1][0] == '-' || strstr(argv[1], "://")) full[count++] = (char *)"curl";
  for (int i = 1; i < argc; i++) full[count++] = argv[i];
  execvp(full[0], full);
  say(stderr, "%s: exec: %s: %s", argv[0], full[0], strerror(errno));
  return 127;
}

/* The image's name for the machine's own program. */
static int python_main(int argc, char **argv) {
  (void)argc;
  execv("/usr/bin/python3", argv);
  perror("python");
  return 127;
}

/* Where the real image has bash and ours has busybox: its shell, which knows most of what people type. */
static int bash_main(int argc, char **argv) {
  char *full[128] = {(char *)"sh"};
  int count = 1;
  if (argc > 100) return 2;
  for (int i = 1; i < argc; i++)
    if (count > 1 || (strcmp(argv[i], "--login") && strcmp(argv[i], "--norc") && strcmp(argv[i], "--noprofile"))) full[count++] = argv[i];
  setenv("PS1", "\\u@\\h:\\w\\$ ", 0);
  execv("/bin/busybox", full);
  say(stderr, "bash: %s", strerror(errno));
  return 127;
}

/* The name of an applet, in images of the machine's own programs. */
static int applet_main(int argc, char **argv) {
  (void)argc;
  execv("/usr/bin/busybox", argv);
  say(stderr, "%s: this machine has no busybox", argv[0]);
  return 127;
}

static int package_main(int argc, char **argv) {
  const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
  if (argc > 1 && strcmp(argv[1], "--version") == 0) {
    say(stdout, "%s (stand-in)", name);
    return 0;
  }
  say(stderr, "ERROR: %s cannot download packages here: this cluster has no way to the internet's registries.", name);
  say(stderr, "Tools that labs need are in images such as nicolaka/netshoot and curlimages/curl.");
  return 1;
}

const struct role entry_roles[] = {{"docker-entrypoint.sh", entrypoint_main},
                                   {"entrypoint.sh", curl_entry_main},
                                   {"python", python_main},
                                   {"bash", bash_main},
                                   {"telnet", applet_main},
                                   {"ipcalc", applet_main},
                                   {"apk", package_main},
                                   {"apt-get", package_main},
                                   {"apt", package_main},
                                   {"yum", package_main},
                                   {"dnf", package_main},
                                   {"pip", package_main},
                                   {0}};
