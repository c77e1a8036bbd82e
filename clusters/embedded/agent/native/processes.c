/* Kept processes: started for the cluster host, logged, and remembered until it says forget. */
#include "agent.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* A flood is read in small bites so that others get their turn, and slowed to what a disk should bear. */
#define BITE 8192
#define FLOOD_BYTES (4 << 20)
#define FLOOD_WINDOW_US 500000
#define MEMORY_TICK_US 2000000

typedef struct {
  Source source;
  int number; /* 0 stdout, 1 stderr */
  Kept *kept;
} Output;

struct kept {
  char *id;
  Child child;
  Launch launch;
  Ticket ticket;
  Output outputs[2];
  Source input; /* stdin's writing end; with a terminal the first output's descriptor serves */
  bool terminal, running, launched;
  int blocked; /* attached sessions that cannot take more */
  LogFile log;
  Timer flood;
  uint64_t flood_window;
  size_t flood_bytes;
  char started[40], finished[40];
  int status, last_signal;
  bool oom_killed;
  long long memory;
  Session *attached;
  Kept *next;
};

static Kept *all;
static Timer memory_tick;

Kept *kept_find(const char *id) {
  for (Kept *at = all; at; at = at->next)
    if (!strcmp(at->id, id)) return at;
  return NULL;
}

pid_t kept_pid(const Kept *kept) { return kept->running ? kept->child.pid : 0; }
bool kept_has_stdin(const Kept *kept) { return kept->terminal ? kept->outputs[0].source.fd >= 0 : kept->input.fd >= 0; }

/* ---- memory limit ---- */

static void check_memory(Timer *timer) {
  size_t count = 0;
  for (Kept *at = all; at; at = at->next) count += at->running && at->memory >= 0;
  if (!count) return; /* no tick without a limit to hold */
  Usage *usage = must_allocate(count * sizeof *usage);
  size_t i = 0;
  for (Kept *at = all; at; at = at->next)
    if (at->running && at->memory >= 0) usage[i++].root = at->child.pid;
  measure_usage(usage, count);
  for (i = 0; i < count; i++) {
    for (Kept *at = all; at; at = at->next) {
      if (!at->running || at->child.pid != usage[i].root) continue;
      if ((long long)(usage[i].rss + bytes_of_files(at->child.pid)) <= at->memory) continue;
      at->oom_killed = true;
      at->last_signal = SIGKILL;
      sandbox_kill(at->child.pid);
    }
  }
  free(usage);
  timer_set(timer, MEMORY_TICK_US);
}

/* ---- output ---- */

static void output_watch(Output *output) {
  bool paused = output->kept->blocked || output->kept->flood.armed;
  source_watch(&output->source, paused ? 0 : EPOLLIN);
}

static void outputs_watch(Kept *kept) {
  for (int i = 0; i < 2; i++)
    if (kept->outputs[i].source.fd >= 0) output_watch(&kept->outputs[i]);
}

static void flood_over(Timer *timer) { outputs_watch(CONTAINER(timer, Kept, flood)); }
void kept_resume(Kept *kept) {
  if (kept->blocked) kept->blocked--;
  outputs_watch(kept);
}

/* Returns false when nothing more can be read now. */
static bool output_read(Output *output) {
  Kept *kept = output->kept;
  ssize_t length = read(output->source.fd, scratch, BITE);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (length <= 0) {
    source_close(&output->source);
    log_end(&kept->log, output->number);
    return false;
  }
  size_t written = log_write(&kept->log, output->number, scratch, (size_t)length);
  for (Session *at = kept->attached, *next; at; at = next) {
    next = session_next_attached(at);
    if (!session_output(at, output->number, scratch, (size_t)length)) kept->blocked++;
  }
  uint64_t now = now_us();
  if (now - kept->flood_window > FLOOD_WINDOW_US) {
    kept->flood_window = now;
    kept->flood_bytes = 0;
  }
  kept->flood_bytes += written;
  if (kept->flood_bytes > FLOOD_BYTES && !kept->flood.armed && kept->running)
    timer_set(&kept->flood, kept->flood_window + FLOOD_WINDOW_US > now ? kept->flood_window + FLOOD_WINDOW_US - now : 1);
  outputs_watch(kept);
  return true;
}

static void output_ready(Source *source, uint32_t events) {
  Output *output = CONTAINER(source, Output, source);
  if ((events & EPOLLIN) || !(events & (EPOLLHUP | EPOLLERR))) {
    output_read(output);
    return;
  }
  /* A hang-up is told even while we do not want to read; asked again when we do. */
  if (output->kept->blocked || output->kept->flood.armed) source_forget(source);
  else output_read(output);
}

/* ---- input ---- */

ssize_t kept_write(Kept *kept, const char *bytes, size_t length) {
  int fd = kept->terminal ? kept->outputs[0].source.fd : kept->input.fd;
  if (fd < 0) return -1;
  ssize_t written = write(fd, bytes, length);
  return written < 0 ? (errno == EAGAIN || errno == EINTR ? 0 : -1) : written;
}

void kept_close_stdin(Kept *kept) {
  if (!kept->terminal) source_close(&kept->input);
}

void kept_attach(Kept *kept, Session *session) {
  session_set_next(session, kept->attached);
  kept->attached = session;
}

void kept_detach(Kept *kept, Session *session) {
  if (kept->attached == session) {
    kept->attached = session_next_attached(session);
    return;
  }
  for (Session *at = kept->attached; at; at = session_next_attached(at)) {
    if (session_next_attached(at) != session) continue;
    session_set_next(at, session_next_attached(session));
    return;
  }
}

void kept_resize(Kept *kept, int columns, int rows) {
  struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
  if (kept->terminal && kept->outputs[0].source.fd >= 0) ioctl(kept->outputs[0].source.fd, TIOCSWINSZ, &size);
}

/* ---- life ---- */

static void put_exit(Buffer *out, const Kept *kept) {
  int code = exit_code_of(kept->status);
  int signal = WIFSIGNALED(kept->status) ? WTERMSIG(kept->status) : 0;
  /* bubblewrap turned the program's signal into a code; where we sent that one, we know. */
  if (!signal && kept->last_signal && code == 128 + kept->last_signal) signal = kept->last_signal;
  put_number(out, code);
  put_number(out, signal);
  put(out, kept->oom_killed ? "1" : "0");
  put(out, kept->finished);
}

static void kept_free(Kept *kept) {
  for (Kept **at = &all; *at; at = &(*at)->next) {
    if (*at != kept) continue;
    *at = kept->next;
    break;
  }
  timer_cancel(&kept->flood);
  for (int i = 0; i < 2; i++) source_close(&kept->outputs[i].source);
  source_close(&kept->input);
  log_close(&kept->log);
  free(kept->id);
  defer_free(kept);
}

static void kept_ended(Child *child, int status) {
  Kept *kept = CONTAINER(child, Kept, child);
  launch_settle(&kept->launch);
  kept->running = false;
  kept->status = status;
  if (!kept->launched) { /* the program never ran, and launch_done said so */
    kept_free(kept);
    return;
  }
  rfc3339(kept->finished);
  /* Whatever it left in its group, and the rest of its output. */
  kill(-child->pid, SIGKILL);
  timer_cancel(&kept->flood);
  kept->blocked = 0;
  for (int i = 0; i < 2; i++)
    for (int bites = 0; bites < 80 && kept->outputs[i].source.fd >= 0 && output_read(&kept->outputs[i]);) bites++;
  for (int i = 0; i < 2; i++) {
    if (kept->outputs[i].source.fd < 0) continue;
    source_close(&kept->outputs[i].source);
    log_end(&kept->log, i);
  }
  source_close(&kept->input);
  if (kept->log.fd >= 0) close(kept->log.fd);
  kept->log.fd = -1;
  while (kept->attached) {
    Session *session = kept->attached;
    kept->attached = session_next_attached(session);
    session_kept_ended(session, status);
  }
  event_begin("exit");
  put(event_buffer(), kept->id);
  put_exit(event_buffer(), kept);
  event_end(false);
}

static void launch_done(Launch *launch, int error, const char *step) {
  Kept *kept = CONTAINER(launch, Kept, launch);
  if (error) {
    char text[512];
    describe_launch_error(text, sizeof text, kept->id, error, step);
    reply_error(kept->ticket, !strcmp(step, "exec") && error == ENOENT ? "COMMAND_NOT_FOUND" : errno_name(error), "%s", text);
    kept->launched = false;
    kept->id[0] = 0; /* out of sight; freed when the child has been reaped */
    return;
  }
  Buffer *out = reply_begin(kept->ticket);
  put_number(out, kept->child.pid);
  put(out, kept->started);
  reply_end(kept->ticket);
}

/* id, namespace, log path, log bytes, tty, stdin, filter fd, limits (6), argv list, env list */
void start_request(Ticket ticket, Fields *in) {
  const char *id = field(in);
  const char *netns_name = field(in);
  const char *log_path = field(in);
  long long log_bytes = field_number(in);
  bool tty = field_flag(in), want_stdin = field_flag(in);
  Spawn spec = {.pidfd = -1, .terminal = tty};
  spec.filter_fd = (int)field_number(in);
  field_limits(in, &spec.limits);
  spec.argv = field_list(in);
  spec.env = field_list(in);
  spec.netns = netns_find(netns_name);
  int out[2] = {-1, -1}, err[2] = {-1, -1}, input[2] = {-1, -1};
  Kept *kept = NULL;
  int error = 0;
  if (in->bad || !*id || !spec.argv[0] || spec.filter_fd > 9) reply_error(ticket, "INVALID", "a malformed start request");
  else if (!spec.netns) reply_error(ticket, "NOT_FOUND", "no such namespace: %s", netns_name);
  else if (kept_find(id)) reply_error(ticket, "EEXIST", "a process %s exists", id);
  else kept = must_allocate(sizeof *kept);
  if (!kept) goto end;

  kept->id = must_copy(id);
  kept->ticket = ticket;
  kept->terminal = tty;
  kept->memory = spec.limits.memory;
  kept->input.fd = kept->log.fd = -1;
  for (int i = 0; i < 2; i++)
    kept->outputs[i] = (Output){.source = {.fd = -1, .ready = output_ready}, .number = i, .kept = kept};
  kept->flood.fire = flood_over;
  kept->launch.done = launch_done;
  kept->child.ended = kept_ended;
  kept->next = all;
  all = kept;
  if (!log_open(&kept->log, log_path, log_bytes)) error = errno;
  if (!error && tty) {
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) || unlockpt(master)) error = errno;
    else {
      out[0] = master;
      out[1] = input[0] = err[1] = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
      if (out[1] < 0) error = errno;
    }
  } else if (!error) {
    if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) error = errno;
    else if (want_stdin) error = pipe2(input, O_CLOEXEC) ? errno : 0;
    else if ((input[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0) error = errno;
  }
  spec.stdio[0] = input[0];
  spec.stdio[1] = out[1];
  spec.stdio[2] = err[1];
  rfc3339(kept->started);
  kept->launched = true;
  if (!error) error = spawn(&spec, &kept->launch, &kept->child);
  if (input[0] >= 0) close(input[0]);
  if (!tty && out[1] >= 0) close(out[1]);
  if (!tty && err[1] >= 0) close(err[1]);
  kept->outputs[0].source.fd = out_of_the_way(out[0]);
  kept->outputs[1].source.fd = out_of_the_way(err[0]);
  kept->input.fd = input[1];
  if (error) {
    reply_errno(ticket, error, "cannot start %s", id);
    kept_free(kept);
    goto end;
  }
  kept->running = true;
  for (int i = 0; i < 2; i++)
    if (kept->outputs[i].source.fd >= 0) fcntl(kept->outputs[i].source.fd, F_SETFL, O_NONBLOCK);
  if (kept->input.fd >= 0) fcntl(kept->input.fd, F_SETFL, O_NONBLOCK);
  outputs_watch(kept);
  if (kept->memory >= 0 && !memory_tick.armed) {
    memory_tick.fire = check_memory;
    timer_set(&memory_tick, MEMORY_TICK_US);
  }
end:
  free(spec.argv);
  free(spec.env);
}

/* id, pid, started, then "1" and the exit's four fields or "0" */
void processes_request(Ticket ticket) {
  Buffer *out = reply_begin(ticket);
  for (Kept *at = all; at; at = at->next) {
    if (!at->id[0]) continue;
    put(out, at->id);
    put_number(out, at->child.pid);
    put(out, at->started);
    put(out, at->running ? "0" : "1");
    if (!at->running) put_exit(out, at);
  }
  reply_end(ticket);
}

void signal_request(Ticket ticket, Fields *in) {
  Kept *kept = kept_find(field(in));
  int signal = (int)field_number(in);
  if (kept && kept->running && !in->bad) {
    kept->last_signal = signal;
    if (signal == SIGKILL) sandbox_kill(kept->child.pid);
    else sandbox_signal(kept->child.pid, signal);
  }
  reply_ok(ticket);
}

void forget_request(Ticket ticket, Fields *in) {
  Kept *kept = kept_find(field(in));
  if (kept && kept->running) {
    reply_error(ticket, "EBUSY", "%s is running", kept->id);
    return;
  }
  if (kept) {
    char older[4096];
    unlink(kept->log.path);
    if ((size_t)snprintf(older, sizeof older, "%s.1", kept->log.path) < sizeof older) unlink(older);
    kept_free(kept);
  }
  reply_ok(ticket);
}

void usage_request(Ticket ticket) {
  size_t count = 0;
  for (Kept *at = all; at; at = at->next) count += at->running;
  Usage *usage = must_allocate(count * sizeof *usage);
  size_t i = 0;
  for (Kept *at = all; at; at = at->next)
    if (at->running) usage[i++].root = at->child.pid;
  measure_usage(usage, count);
  Buffer *out = reply_begin(ticket);
  i = 0;
  for (Kept *at = all; at; at = at->next) {
    if (!at->running) continue;
    put(out, at->id);
    put_number(out, (long long)usage[i].cpu_ms);
    put_number(out, (long long)usage[i].rss);
    put_number(out, usage[i].processes);
    i++;
  }
  reply_end(ticket);
  free(usage);
}
