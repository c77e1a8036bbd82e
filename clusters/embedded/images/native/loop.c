/* One thread, one epoll, no wake-ups while nothing happens. */
#include "standin.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCH = 64 };

static int epoll_fd = -1;
static struct epoll_event batch[BATCH];
static int batch_length;
static struct timer *timers;
static void (*on_signal)(int) = quit_quietly;

static int epoll(void) {
  if (epoll_fd < 0) epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) {
    perror("epoll_create1");
    exit(1);
  }
  return epoll_fd;
}

void loop_add(struct watch *watch, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = watch};
  epoll_ctl(epoll(), EPOLL_CTL_ADD, watch->fd, &event);
}

void loop_change(struct watch *watch, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = watch};
  epoll_ctl(epoll(), EPOLL_CTL_MOD, watch->fd, &event);
}

void loop_remove(struct watch *watch) {
  epoll_ctl(epoll(), EPOLL_CTL_DEL, watch->fd, NULL);
  for (int i = 0; i < batch_length; i++)
    if (batch[i].data.ptr == watch) batch[i].data.ptr = NULL;
}

int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void timer_set(struct timer *timer, int64_t in_ms) {
  for (struct timer **at = &timers; *at; at = &(*at)->next)
    if (*at == timer) {
      *at = timer->next;
      break;
    }
  timer->at_ms = now_ms() + in_ms;
  struct timer **at = &timers;
  while (*at && (*at)->at_ms <= timer->at_ms) at = &(*at)->next;
  timer->next = *at;
  *at = timer;
}

void loop_on_signal(void (*handler)(int signal)) { on_signal = handler; }

static void signal_ready(struct watch *watch, uint32_t events) {
  struct signalfd_siginfo info;
  (void)events;
  while (read(watch->fd, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGCHLD)
      while (waitpid(-1, NULL, WNOHANG) > 0) continue;
    else on_signal((int)info.ssi_signo);
  }
}

void loop_run(void) {
  static struct watch signals = {.ready = signal_ready};
  static const int handled[] = {SIGTERM, SIGINT, SIGQUIT, SIGWINCH, SIGHUP, SIGCHLD};
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < sizeof handled / sizeof *handled; i++) sigaddset(&set, handled[i]);
  // Process 1 has no default actions: what is not handled here would be ignored.
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
  signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (signals.fd >= 0) loop_add(&signals, EPOLLIN);
  for (;;) {
    int64_t wait = timers ? timers->at_ms - now_ms() : -1;
    if (timers && wait < 0) wait = 0;
    batch_length = epoll_wait(epoll(), batch, BATCH, (int)wait);
    if (batch_length < 0 && errno != EINTR) exit(1);
    for (int i = 0; i < batch_length; i++) {
      struct watch *watch = batch[i].data.ptr;
      if (watch) watch->ready(watch, batch[i].events);
    }
    batch_length = 0;
    while (timers && timers->at_ms <= now_ms()) {
      struct timer *due = timers;
      timers = due->next;
      due->fire(due);
    }
  }
}
