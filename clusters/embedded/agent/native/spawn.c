/* Starting a program: one fork for kept processes and for exec, and the reaping of every child. */
#include "agent.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ORDINARY_FILES 4096

typedef struct {
  int error;
  char step[16];
} Failure;

static Child *children;
static Source child_signals = {.fd = -1};

void field_limits(Fields *in, Limits *limits) {
  limits->address_space = field_number(in);
  limits->processes = field_number(in);
  limits->file_size = field_number(in);
  limits->open_files = field_number(in);
  limits->memory = field_number(in);
  limits->nice = (int)field_number(in);
}

int exit_code_of(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

static void reap(Source *source, uint32_t events) {
  struct signalfd_siginfo info;
  (void)events;
  while (read(source->fd, &info, sizeof info) > 0) {}
  int status;
  pid_t pid;
  /* As process 1 we also reap what others left behind. */
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    for (Child **at = &children; *at; at = &(*at)->next) {
      Child *child = *at;
      if (child->pid != pid) continue;
      *at = child->next;
      child->ended(child, status);
      break;
    }
  }
}

void children_open(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
  child_signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  child_signals.ready = reap;
  source_watch(&child_signals, EPOLLIN);
}

static void limit(int resource, long long value) {
  if (value < 0) return;
  struct rlimit bound = {.rlim_cur = (rlim_t)value, .rlim_max = (rlim_t)value};
  setrlimit(resource, &bound);
}

static void __attribute__((noreturn)) fail(int report, const char *step) {
  Failure failure = {.error = errno};
  strncpy(failure.step, step, sizeof failure.step - 1);
  if (write(report, &failure, sizeof failure) < 0) _exit(126);
  _exit(127);
}

/* In the child: between fork and exec. */
static void __attribute__((noreturn)) become(const Spawn *spec, int report_fd) {
  setsid();
  int report = fcntl(report_fd, F_DUPFD_CLOEXEC, 10);
  int adjust = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (adjust >= 0) {
    if (write(adjust, "500", 3) < 0) errno = 0; /* the machine's own processes go last */
    close(adjust);
  }
  if (spec->netns && setns(spec->netns->fd, CLONE_NEWNET) < 0) fail(report, "setns");
  if (spec->pidfd >= 0) {
    int kinds = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | (spec->join_user ? CLONE_NEWUSER : 0);
    if (setns(spec->pidfd, kinds) < 0) fail(report, "setns");
  }
  /* The standard streams first move out of one another's way. */
  int stdio[3];
  for (int i = 0; i < 3; i++)
    if ((stdio[i] = fcntl(spec->stdio[i], F_DUPFD_CLOEXEC, 10)) < 0) fail(report, "dup");
  for (int i = 0; i < 3; i++)
    if (dup2(stdio[i], i) < 0) fail(report, "dup");
  if (spec->terminal && ioctl(0, TIOCSCTTY, 0) < 0) fail(report, "terminal");
  unsigned first_free = 3;
  if (spec->filter_fd >= 3) {
    unsigned place = (unsigned)spec->filter_fd;
    int filter = filter_descriptor();
    if (filter < 0 || (filter != spec->filter_fd && dup2(filter, spec->filter_fd) < 0)) fail(report, "filter");
    fcntl(spec->filter_fd, F_SETFD, 0);
    if (place > 3) syscall(SYS_close_range, 3u, place - 1, 0u);
    first_free = place + 1;
  }
  if (first_free < (unsigned)report) syscall(SYS_close_range, first_free, (unsigned)report - 1, 0u);
  syscall(SYS_close_range, (unsigned)report + 1, ~0u, 0u);

  if (spec->cwd && *spec->cwd && chdir(spec->cwd) < 0) fail(report, "cwd");
  if (spec->limits.nice > 0) setpriority(PRIO_PROCESS, 0, spec->limits.nice);
  limit(RLIMIT_FSIZE, spec->limits.file_size);
  struct rlimit files; /* ours is raised for what the agent itself holds */
  if (spec->limits.open_files < 0 && getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > ORDINARY_FILES) {
    files.rlim_cur = ORDINARY_FILES;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  limit(RLIMIT_NOFILE, spec->limits.open_files);
  limit(RLIMIT_CORE, 0);
  if (spec->confined) {
    int error = confine_self();
    if (error) {
      errno = error;
      fail(report, "confine");
    }
  }
  limit(RLIMIT_AS, spec->limits.address_space);
  limit(RLIMIT_NPROC, spec->limits.processes);

  umask(022);
  for (int number = 1; number < 65; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  environ = spec->env;
  execvp(spec->argv[0], spec->argv);
  fail(report, "exec");
}

static void launch_ready(Source *source, uint32_t events) {
  Launch *launch = CONTAINER(source, Launch, source);
  Failure failure = {0};
  (void)events;
  ssize_t length = read(source->fd, &failure, sizeof failure);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  source_close(source);
  launch->done(launch, length == (ssize_t)sizeof failure ? failure.error : 0, failure.step);
}

void launch_settle(Launch *launch) {
  if (launch->source.fd >= 0) launch_ready(&launch->source, EPOLLIN);
}

int spawn(const Spawn *spec, Launch *launch, Child *child) {
  int report[2];
  if (!spec->argv[0]) return EINVAL;
  if (pipe2(report, O_CLOEXEC) < 0) return errno;
  int error = 0;
  /* Only children enter a PID namespace, so we pass through it around the fork. */
  if (spec->pidfd >= 0 && setns(spec->pidfd, CLONE_NEWPID) < 0) error = errno;
  pid_t pid = error ? -1 : fork();
  if (pid == 0) {
    close(report[0]);
    become(spec, report[1]);
  }
  if (pid < 0 && !error) error = errno;
  if (spec->pidfd >= 0 && setns(own_pid_namespace, CLONE_NEWPID) < 0) abort();
  close(report[1]);
  if (error) {
    close(report[0]);
    return error;
  }
  fcntl(report[0], F_SETFL, O_NONBLOCK);
  launch->source = (Source){.fd = report[0], .ready = launch_ready};
  source_watch(&launch->source, EPOLLIN);
  child->pid = pid;
  child->next = children;
  children = child;
  return 0;
}

void describe_launch_error(char *out, size_t size, const char *command, int error, const char *step) {
  if (!strcmp(step, "exec") && error == ENOENT)
    snprintf(out, size, strchr(command, '/') ? "exec: \"%s\": stat %s: no such file or directory"
                                             : "exec: \"%s\": executable file not found in $PATH", command, command);
  else if (!strcmp(step, "exec") && error == EACCES) snprintf(out, size, "exec: \"%s\": permission denied", command);
  else snprintf(out, size, "%s: %s", step, strerror(error));
}
