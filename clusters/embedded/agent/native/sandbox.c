/* The processes of a container, found in /proc.
 *
 * bubblewrap with --unshare-pid is three processes: the one we started waits outside; its child is process 1
 * of the container and only reaps; that one's first child is the program (with --as-pid-1 the middle one
 * becomes the program itself). Until the program runs, all of them still run bubblewrap's own file: so the
 * main process is the first one down the line of first children whose file is another. bubblewrap passes
 * the program's exit code on, 128 + signal included. A command other than bubblewrap is its own main process. */
#include "agent.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define DEEPEST 6

static ssize_t read_proc(pid_t pid, const char *name, char *out, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t length = read(fd, out, size - 1);
  close(fd);
  if (length >= 0) out[length] = 0;
  return length;
}

typedef struct {
  pid_t parent;
  char state;
  unsigned long long cpu_ticks, rss;
} Stat;

static bool read_stat(pid_t pid, Stat *out) {
  char text[1024];
  if (read_proc(pid, "stat", text, sizeof text) <= 0) return false;
  char *at = strrchr(text, ')'); /* the name may hold anything */
  unsigned long long user, system, child_user, child_system, pages;
  if (!at || sscanf(at + 1,
                    " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu %*d %*d %*d %*d %*u %*u %llu",
                    &out->state, &out->parent, &user, &system, &child_user, &child_system, &pages) != 7)
    return false;
  out->cpu_ticks = user + system + child_user + child_system;
  out->rss = pages * (unsigned long long)sysconf(_SC_PAGESIZE);
  return true;
}

static bool file_of(pid_t pid, struct stat *out) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/exe", pid);
  return stat(path, out) == 0;
}

static bool is_bubblewrap(pid_t pid) {
  char path[64], target[512];
  snprintf(path, sizeof path, "/proc/%d/exe", pid);
  ssize_t length = readlink(path, target, sizeof target - 1);
  if (length < 0) return false;
  target[length] = 0;
  const char *name = strrchr(target, '/');
  return !strcmp(name ? name + 1 : target, "bwrap");
}

static pid_t first_child(pid_t pid) {
  char name[40], text[64];
  snprintf(name, sizeof name, "task/%d/children", pid);
  if (read_proc(pid, name, text, sizeof text) >= 0) return (pid_t)atol(text);
  /* A kernel without that file: the child with the lowest number is the first, wrap-around aside. */
  pid_t first = 0;
  DIR *proc = opendir("/proc");
  for (struct dirent *entry; proc && (entry = readdir(proc));) {
    pid_t other = (pid_t)atol(entry->d_name);
    Stat stat;
    if (other > 0 && read_stat(other, &stat) && stat.parent == pid && (!first || other < first)) first = other;
  }
  if (proc) closedir(proc);
  return first;
}

bool same_namespace(pid_t pid, const char *kind) {
  char path[64];
  struct stat ours, theirs;
  snprintf(path, sizeof path, "/proc/self/ns/%s", kind);
  if (stat(path, &ours) < 0) return true;
  snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, kind);
  return stat(path, &theirs) == 0 && ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

pid_t sandbox_main(pid_t kept) {
  struct stat wrapper, file;
  if (!file_of(kept, &wrapper)) return -1;
  if (!is_bubblewrap(kept)) return kept;
  pid_t at = kept;
  for (int depth = 0; depth < DEEPEST; depth++) {
    at = first_child(at);
    if (at <= 0) return 0;
    if (!file_of(at, &file)) return 0;
    if (file.st_ino != wrapper.st_ino || file.st_dev != wrapper.st_dev) return at;
  }
  return 0;
}

void sandbox_signal(pid_t kept, int signal) {
  pid_t main = sandbox_main(kept);
  /* Not built yet: there is no program to be polite to. */
  kill(main > 0 ? main : kept, signal);
}

void sandbox_kill(pid_t kept) {
  pid_t line[DEEPEST];
  int length = 0;
  if (is_bubblewrap(kept))
    for (pid_t at = first_child(kept); at > 0 && length < DEEPEST; at = first_child(at)) line[length++] = at;
  /* From the outside in would let bubblewrap report a death of its own; all of it happens before any of
     them runs again, and process 1 of the container takes everything in there with it. */
  for (int i = 0; i < length; i++) kill(line[i], SIGKILL);
  kill(-kept, SIGKILL);
  kill(kept, SIGKILL);
}

/* ---- usage ---- */

typedef struct {
  pid_t pid;
  Stat stat;
} Seen;

static int by_pid(const void *a, const void *b) { return ((const Seen *)a)->pid - ((const Seen *)b)->pid; }

static Seen *seen_find(Seen *seen, size_t count, pid_t pid) {
  Seen key = {.pid = pid};
  return bsearch(&key, seen, count, sizeof *seen, by_pid);
}

void measure_usage(Usage *usage, size_t roots) {
  size_t count = 0, capacity = 128;
  Seen *seen = must_allocate(capacity * sizeof *seen);
  DIR *proc = opendir("/proc");
  for (struct dirent *entry; proc && (entry = readdir(proc));) {
    pid_t pid = (pid_t)atol(entry->d_name);
    if (pid <= 1) continue;
    if (count == capacity) {
      seen = realloc(seen, (capacity *= 2) * sizeof *seen);
      if (!seen) abort();
    }
    seen[count].pid = pid;
    if (read_stat(pid, &seen[count].stat)) count++;
  }
  if (proc) closedir(proc);
  qsort(seen, count, sizeof *seen, by_pid);
  unsigned long long tick_ms = 1000 / (unsigned long long)sysconf(_SC_CLK_TCK);
  for (size_t i = 0; i < count; i++) {
    pid_t at = seen[i].pid;
    for (int depth = 0; depth < 64 && at > 1; depth++) {
      Usage *root = NULL;
      for (size_t r = 0; r < roots && !root; r++)
        if (usage[r].root == at) root = &usage[r];
      if (root) {
        root->cpu_ms += seen[i].stat.cpu_ticks * tick_ms;
        root->rss += seen[i].stat.rss;
        root->processes++;
        break;
      }
      Seen *parent = seen_find(seen, count, at);
      pid_t up = parent ? parent->stat.parent : 0;
      at = up == 1 ? session_owner(at) : up; /* exec'd into it: our child, but the sandbox's in all else */
    }
  }
  free(seen);
}

/* ---- files in memory ---- */

/* The folders that bubblewrap makes with a size in bytes; a number of files it cannot give them. */
static const char *const in_memory[] = {"tmp", "run", "var", "root", "home", "srv", "opt", "mnt", "dev/shm"};
#define BYTES_PER_FILE 1024 /* what the kernel reckons with itself */

static unsigned long long files_in(int root, const char *folder) {
  struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS};
  int fd = (int)syscall(SYS_openat2, root, folder, &how, sizeof how);
  if (fd < 0) return 0;
  struct statfs found;
  bool counts = fstatfs(fd, &found) == 0 && found.f_type == TMPFS_MAGIC;
  close(fd);
  return counts ? (unsigned long long)(found.f_files - found.f_ffree) : 0;
}

unsigned long long bytes_of_files(pid_t kept) {
  char path[64];
  pid_t main = sandbox_main(kept);
  if (main <= 0) return 0;
  snprintf(path, sizeof path, "/proc/%d/root", main);
  int root = open(path, O_PATH | O_CLOEXEC);
  if (root < 0) return 0;
  unsigned long long files = 0;
  for (size_t i = 0; i < sizeof in_memory / sizeof *in_memory; i++) files += files_in(root, in_memory[i]);
  close(root);
  return files * BYTES_PER_FILE;
}
