/* The agent of one cluster: process 1 of its namespaces. Ends with everything in them.
 *
 *   agent --dir DIR --socket PATH --grace-ms N [--uid N] [--gid N]
 *
 * Prints its pid once it serves, and goes into the background. DIR in its command line marks whose it is. */
#include "agent.h"

#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int host_pid; /* ours, as the machine sees it */

static void __attribute__((noreturn)) die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) die(path);
  close(fd);
}

static void become_user(uid_t uid, gid_t gid) {
  if (geteuid() != 0 || uid == 0) return;
  if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0) die("become the cluster's user");
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* or /proc/self would stay root's */
}

static void enter_namespaces(void) {
  char map[64];
  uid_t uid = geteuid();
  gid_t gid = getegid();
  if (unshare(CLONE_NEWUSER) < 0) die("create a user namespace");
  write_file("/proc/self/setgroups", "deny");
  snprintf(map, sizeof map, "0 %u 1", uid);
  write_file("/proc/self/uid_map", map);
  snprintf(map, sizeof map, "0 %u 1", gid);
  write_file("/proc/self/gid_map", map);
  if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWPID) < 0)
    die("create namespaces");
}

static int own_pid(void) {
  char text[24] = "";
  return readlink("/proc/self", text, sizeof text - 1) > 0 ? atoi(text) : 0;
}

static void into_background(const char *dir) {
  char path[4096];
  int null = open("/dev/null", O_RDWR);
  snprintf(path, sizeof path, "%s/agent.log", dir);
  int log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (null < 0) die("/dev/null");
  dup2(null, 0);
  dup2(null, 1);
  dup2(log >= 0 ? log : null, 2);
  if (log >= 0) close(log);
  close(null);
}

int main(int argc, char **argv) {
  const char *dir = NULL, *socket_path = NULL;
  long long grace_ms = 30000, uid = -1, gid = -1;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--dir")) dir = argv[i + 1];
    else if (!strcmp(argv[i], "--socket")) socket_path = argv[i + 1];
    else if (!strcmp(argv[i], "--grace-ms")) grace_ms = atoll(argv[i + 1]);
    else if (!strcmp(argv[i], "--uid")) uid = atoll(argv[i + 1]);
    else if (!strcmp(argv[i], "--gid")) gid = atoll(argv[i + 1]);
    else {
      fprintf(stderr, "unknown option %s\n", argv[i]);
      return 2;
    }
  }
  if (!dir || !socket_path) {
    fprintf(stderr, "usage: agent --dir DIR --socket PATH [--grace-ms N] [--uid N] [--gid N]\n");
    return 2;
  }
  syscall(SYS_close_range, 3u, ~0u, 0u);
  if (uid > 0) become_user((uid_t)uid, (gid_t)(gid > 0 ? gid : uid));
  if (geteuid() == 0) {
    fprintf(stderr, "a cluster does not run as the machine's root: give --uid\n");
    return 2;
  }
  enter_namespaces();

  int ready[2];
  if (pipe2(ready, O_CLOEXEC) < 0) die("pipe");
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child > 0) {
    char byte;
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1) return 1; /* it has said why */
    printf("%d\n", child);
    return 0;
  }
  host_pid = own_pid();
  setsid();
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) die("make mounts private");
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) die("mount /proc");
  if (sethostname("gatehouse", 9) < 0) die("set the host name");
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  mallopt(M_MMAP_THRESHOLD, 64 << 10);
  mallopt(M_TRIM_THRESHOLD, 128 << 10);
  umask(077);
  loop_open();
  children_open();
  namespaces_open();
  protocol_listen(socket_path, (uint64_t)(grace_ms > 0 ? grace_ms : 0) * 1000);
  if (write(ready[1], "", 1) != 1) return 1;
  close(ready[0]);
  close(ready[1]);
  into_background(dir);
  loop_run();
}
