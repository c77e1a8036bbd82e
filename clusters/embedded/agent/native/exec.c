/* Sessions: a program run inside a kept process's namespaces (or in a network namespace), or a kept process
 * attached to, with the streams on a data connection:
 *
 *   frame = u32 length of what follows, u8 kind, bytes
 *   to the agent:    0 stdin   3 resize (u16 columns, u16 rows)   4 signal (u8)   5 end of stdin
 *   from the agent:  1 stdout  2 stderr   6 exit (u8 code), the last one
 *
 * Nothing is read from a side whose other side does not take it, so no buffer here grows beyond a few reads.
 * A frame can so be stuck behind stdin that nobody reads: `session-signal` and `session-resize` on a control
 * connection, with the number that the answer to exec or attach holds, never are.
 * Where the request came with descriptors (SCM_RIGHTS), they are the program's streams and only resize,
 * signal and exit travel as frames. */
#include "agent.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { STDIN, STDOUT, STDERR, RESIZE, SIGNAL, STDIN_END, EXIT };

#define LARGEST_FRAME 70000u
#define MUCH_INPUT 65536u
#define MUCH_OUTPUT 65536u
/* How long a background process may hold the output open after the program's end. */
#define LINGER_US 200000
#define SANDBOX_RETRY_US 2000
#define SANDBOX_PATIENCE_US 10000000

typedef struct {
  Source source;
  Session *session;
  int kind;
} Stream;

struct session {
  Source connection;
  Buffer in, out, input; /* frames read in part; frames not sent yet; stdin not taken yet */
  bool input_ended;
  Stream streams[2];
  Source stdin_pipe; /* with a terminal the first stream's descriptor serves */
  bool terminal, started, ended, kill_with_connection, passed_streams;
  int status;
  uint32_t id, number;
  Child child;
  Launch launch;
  Timer timer;
  uint64_t deadline;
  /* until the program is started */
  char *request;
  size_t request_length;
  int passed[3];
  pid_t owner; /* the kept process whose sandbox it joins */
  /* attached */
  Kept *kept;
  bool holds_kept; /* counted in its `blocked` */
  Session *next_attached;
  Session *next;
};

static Session *sessions;
static uint32_t last_number;

Session *session_next_attached(Session *session) { return session->next_attached; }
void session_set_next(Session *session, Session *next) { session->next_attached = next; }

pid_t session_owner(pid_t pid) {
  for (Session *at = sessions; at; at = at->next)
    if (at->started && at->child.pid == pid) return at->owner;
  return 0;
}

/* ---- the end ---- */

static void close_streams(Session *session) {
  source_close(&session->stdin_pipe);
  for (int i = 0; i < 2; i++) source_close(&session->streams[i].source);
}

static void release(Session *session) {
  /* The child record lives in here: wait for the child. */
  if (session->started && !session->ended) return;
  if (session->connection.fd >= 0) return;
  for (Session **at = &sessions; *at; at = &(*at)->next) {
    if (*at != session) continue;
    *at = session->next;
    break;
  }
  timer_cancel(&session->timer);
  close_streams(session);
  source_close(&session->launch.source);
  for (int i = 0; i < 3; i++)
    if (session->passed[i] >= 0) close(session->passed[i]);
  buffer_free(&session->in);
  buffer_free(&session->out);
  buffer_free(&session->input);
  free(session->request);
  defer_free(session);
}

static void hang_up(Session *session) {
  source_close(&session->connection);
  if (session->kept) {
    kept_detach(session->kept, session);
    if (session->holds_kept) kept_resume(session->kept);
    session->kept = NULL;
  }
  if (session->started && !session->ended) {
    if (session->kill_with_connection) kill(-session->child.pid, SIGKILL);
    else if (session->terminal) kill(-session->child.pid, SIGHUP);
  }
  timer_cancel(&session->timer);
  close_streams(session);
  release(session);
}

/* ---- to the client ---- */

static void connection_events(Session *session) {
  uint32_t events = session->input.length < MUCH_INPUT ? EPOLLIN : 0u;
  source_watch(&session->connection, events | (session->out.length ? EPOLLOUT : 0u));
}

static void stream_events(Session *session) {
  bool paused = session->out.length > 0;
  for (int i = 0; i < 2; i++) {
    Source *source = &session->streams[i].source;
    uint32_t events = paused ? 0 : EPOLLIN;
    if (session->terminal && i == 0 && session->input.length) events |= EPOLLOUT;
    source_watch(source, events);
  }
  source_watch(&session->stdin_pipe, session->input.length ? EPOLLOUT : 0);
}

static void frame(Session *session, int kind, const char *bytes, size_t length) {
  char head[5];
  uint32_t size = (uint32_t)length + 1;
  memcpy(head, &size, 4);
  head[4] = (char)kind;
  buffer_add(&session->out, head, 5);
  buffer_add(&session->out, bytes, length);
}

static void flush(Session *session) {
  if (session->connection.fd < 0) return;
  if (!buffer_flush(&session->out, session->connection.fd)) {
    shutdown(session->connection.fd, SHUT_RDWR);
    buffer_free(&session->out);
  }
  connection_events(session);
}

static void finish(Session *session) {
  unsigned char code = (unsigned char)exit_code_of(session->status);
  close_streams(session);
  timer_cancel(&session->timer);
  frame(session, EXIT, (char *)&code, 1);
  flush(session);
  /* The client closes when it has read the last frame. */
}

static bool streams_open(const Session *session) {
  return session->streams[0].source.fd >= 0 || session->streams[1].source.fd >= 0;
}

static void linger_over(Timer *timer) {
  Session *session = CONTAINER(timer, Session, timer);
  bool more = session->out.length > 0; /* the client is slow, not the program */
  for (int i = 0; i < 2 && !more; i++) {
    int waiting = 0;
    int fd = session->streams[i].source.fd;
    more = fd >= 0 && ioctl(fd, FIONREAD, &waiting) == 0 && waiting > 0;
  }
  if (more) timer_set(timer, LINGER_US / 4);
  else finish(session);
}

static void child_ended(Child *child, int status) {
  Session *session = CONTAINER(child, Session, child);
  launch_settle(&session->launch);
  session->ended = true;
  session->status = status;
  if (session->connection.fd < 0) {
    release(session);
    return;
  }
  if (!session->passed_streams && streams_open(session)) timer_set(&session->timer, LINGER_US);
  else finish(session);
}

/* Returns false when the stream has ended. */
static bool stream_read(Stream *stream) {
  Session *session = stream->session;
  ssize_t length = read(stream->source.fd, scratch + 5, SCRATCH_SIZE);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (length <= 0) return false;
  uint32_t size = (uint32_t)length + 1;
  memcpy(scratch, &size, 4);
  scratch[4] = (char)stream->kind;
  size_t total = (size_t)length + 5, sent = 0;
  if (!session->out.length) {
    ssize_t now = send(session->connection.fd, scratch, total, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (now > 0) sent = (size_t)now;
  }
  buffer_add(&session->out, scratch + sent, total - sent);
  return true;
}

static bool push_input(Session *session);

static void stream_ready(Source *source, uint32_t events) {
  Stream *stream = CONTAINER(source, Stream, source);
  Session *session = stream->session;
  if (events & EPOLLOUT) push_input(session);
  if (source->fd < 0) return;
  if (session->out.length) {
    /* Told of a hang-up while the client is behind: look again when it has caught up. */
    if (events & (EPOLLHUP | EPOLLERR)) source_forget(source);
    return;
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !stream_read(stream)) {
    source_close(source);
    if (session->ended && !streams_open(session)) {
      finish(session);
      return;
    }
  }
  stream_events(session);
  connection_events(session);
}

/* ---- from the client ---- */

static void end_input(Session *session) {
  if (session->kept) {
    kept_close_stdin(session->kept);
  } else if (session->terminal) {
    /* A terminal has no end of file but the character for it. */
    if (session->streams[0].source.fd >= 0 && write(session->streams[0].source.fd, "\004", 1) < 0) errno = 0;
  } else {
    source_close(&session->stdin_pipe);
  }
}

/* Gives the program what it takes of its input. False when nobody will ever take it. */
static bool push_input(Session *session) {
  while (session->input.length) {
    ssize_t taken;
    if (session->kept) {
      taken = kept_write(session->kept, buffer_at(&session->input), session->input.length);
      if (taken == 0) { /* its pipe is full; it has no reader of ours to wake us, so look again soon */
        timer_set(&session->timer, 5000);
        break;
      }
    } else {
      int fd = session->terminal ? session->streams[0].source.fd : session->stdin_pipe.fd;
      taken = fd < 0 ? -1 : write(fd, buffer_at(&session->input), session->input.length);
      if (taken < 0 && (errno == EAGAIN || errno == EINTR)) break;
    }
    if (taken < 0) {
      buffer_free(&session->input);
      if (!session->kept && !session->terminal) source_close(&session->stdin_pipe);
      return false;
    }
    buffer_take(&session->input, (size_t)taken);
  }
  if (!session->input.length && session->input_ended) {
    session->input_ended = false;
    end_input(session);
  }
  stream_events(session);
  connection_events(session);
  return true;
}

static void stdin_ready(Source *source, uint32_t events) {
  Session *session = CONTAINER(source, Session, stdin_pipe);
  if (events & (EPOLLERR | EPOLLHUP)) { /* the reader is gone */
    buffer_free(&session->input);
    source_close(source);
    connection_events(session);
    return;
  }
  push_input(session);
}

static void attached_input_again(Timer *timer) { push_input(CONTAINER(timer, Session, timer)); }

static void resize(Session *session, uint16_t columns, uint16_t rows) {
  struct winsize window = {.ws_col = columns, .ws_row = rows};
  if (session->kept) kept_resize(session->kept, columns, rows);
  else if (session->terminal && session->streams[0].source.fd >= 0)
    ioctl(session->streams[0].source.fd, TIOCSWINSZ, &window);
}

static void send_signal(Session *session, int number) {
  if (session->kept && kept_pid(session->kept)) sandbox_signal(kept_pid(session->kept), number);
  else if (session->started && !session->ended) {
    /* To the program itself; to all of its group where none is to survive. */
    kill(number == SIGKILL || number == SIGHUP ? -session->child.pid : session->child.pid, number);
  }
}

static void handle_frame(Session *session, int kind, const char *bytes, size_t length) {
  if (kind == STDIN) buffer_add(&session->input, bytes, length);
  else if (kind == STDIN_END) session->input_ended = true;
  else if (kind == RESIZE && length == 4) {
    uint16_t size[2];
    memcpy(size, bytes, 4);
    resize(session, size[0], size[1]);
  } else if (kind == SIGNAL && length == 1) {
    send_signal(session, (unsigned char)bytes[0]);
  }
}

/* number, then signal, or columns and rows */
void session_request(Ticket ticket, Fields *in, bool is_signal) {
  uint32_t number = (uint32_t)field_number(in);
  int first = (int)field_number(in), second = is_signal ? 0 : (int)field_number(in);
  Session *session = sessions;
  while (session && session->number != number) session = session->next;
  if (session && !in->bad) {
    if (is_signal) send_signal(session, first);
    else resize(session, (uint16_t)first, (uint16_t)second);
  }
  reply_ok(ticket);
}

static void connection_ready(Source *source, uint32_t events) {
  Session *session = CONTAINER(source, Session, connection);
  if (events & EPOLLOUT) {
    flush(session);
    if (!session->out.length) {
      if (session->kept && session->holds_kept) {
        session->holds_kept = false;
        kept_resume(session->kept);
      }
      stream_events(session);
    }
  }
  if (events & EPOLLIN) {
    ssize_t length = recv(source->fd, scratch, SCRATCH_SIZE, MSG_DONTWAIT);
    if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) {
      hang_up(session);
      return;
    }
    if (length > 0) buffer_add(&session->in, scratch, (size_t)length);
    while (session->in.length >= 5) {
      uint32_t size;
      memcpy(&size, buffer_at(&session->in), 4);
      if (size == 0 || size > LARGEST_FRAME) {
        hang_up(session);
        return;
      }
      if (session->in.length < 4 + (size_t)size) break;
      handle_frame(session, buffer_at(&session->in)[4], buffer_at(&session->in) + 5, size - 1);
      buffer_take(&session->in, 4 + (size_t)size);
    }
    if (session->started || session->kept) push_input(session);
  } else if (events & (EPOLLHUP | EPOLLERR)) {
    hang_up(session);
  }
}

/* ---- attach ---- */

bool session_output(Session *session, int stream, const char *bytes, size_t length) {
  frame(session, stream ? STDERR : STDOUT, bytes, length);
  flush(session);
  if (session->out.length <= MUCH_OUTPUT || session->holds_kept) return true;
  session->holds_kept = true;
  return false;
}

void session_kept_ended(Session *session, int status) {
  session->kept = NULL;
  session->holds_kept = false;
  session->ended = true;
  session->status = status;
  finish(session);
}

static Session *session_new(Ticket ticket) {
  Session *session = must_allocate(sizeof *session);
  session->connection = (Source){.ready = connection_ready};
  session->connection.fd = connection_detach(ticket.connection, session->passed);
  session->id = ticket.id;
  session->number = ++last_number;
  session->next = sessions;
  sessions = session;
  session->stdin_pipe = (Source){.fd = -1, .ready = stdin_ready};
  session->launch.source.fd = -1;
  for (int i = 0; i < 2; i++)
    session->streams[i] = (Stream){.source = {.fd = -1, .ready = stream_ready}, .session = session, .kind = STDOUT + i};
  return session;
}

static void refuse(Session *session, const char *code, const char *text) {
  first_reply_error(session->connection.fd, session->id, code, text);
  source_close(&session->connection);
  release(session);
}

/* id of the kept process */
void attach_request(Ticket ticket, Fields *in) {
  Kept *kept = kept_find(field(in));
  Session *session = session_new(ticket);
  if (!kept || !kept_pid(kept)) {
    refuse(session, kept ? "ENDED" : "NOT_FOUND", "the process is not running");
    return;
  }
  session->kept = kept;
  session->timer.fire = attached_input_again;
  first_reply_ok(session->connection.fd, session->id, session->number);
  kept_attach(kept, session);
  connection_events(session);
}

/* ---- exec ---- */

static void launch_done(Launch *launch, int error, const char *step) {
  Session *session = CONTAINER(launch, Session, launch);
  if (error && session->connection.fd >= 0) {
    Fields in = {.at = session->request, .end = session->request + session->request_length};
    char text[512];
    char **argv = field_list(&in);
    describe_launch_error(text, sizeof text, argv[0], error, step);
    free(argv);
    const char *code = errno_name(error);
    if (!strcmp(step, "exec")) code = error == ENOENT ? "COMMAND_NOT_FOUND" : "COMMAND_NOT_RUN";
    else if (!strcmp(step, "setns")) code = "ENDED";
    first_reply_error(session->connection.fd, session->id, code, text);
    source_close(&session->connection);
    close_streams(session);
  } else if (!error && session->connection.fd >= 0) {
    first_reply_ok(session->connection.fd, session->id, session->number);
    connection_events(session);
    stream_events(session);
  }
  free(session->request);
  session->request = NULL;
}

static int open_terminal(pid_t target, int columns, int rows, int *slave) {
  int master = -1;
  if (target > 0) { /* one of the container's own, so that its name exists in there */
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/root", target);
    int root = open(path, O_PATH | O_CLOEXEC);
    /* Its files are its own to arrange: nothing in there may lead us elsewhere, or keep us waiting. */
    struct open_how how = {.flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC,
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS};
    if (root >= 0) master = (int)syscall(SYS_openat2, root, "dev/pts/ptmx", &how, sizeof how);
    if (root >= 0) close(root);
    struct statfs where;
    if (master >= 0 && (fstatfs(master, &where) < 0 || where.f_type != DEVPTS_SUPER_MAGIC)) {
      close(master);
      master = -1;
    }
  }
  if (master < 0) master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0) return -1;
  int unlock = 0;
  struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
  ioctl(master, TIOCSPTLCK, &unlock);
  ioctl(master, TIOCSWINSZ, &size);
  *slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (*slave >= 0) return master;
  close(master);
  return -1;
}

static void try_start(Timer *timer) {
  Session *session = CONTAINER(timer, Session, timer);
  Fields in = {.at = session->request, .end = session->request + session->request_length};
  Spawn spec = {.pidfd = -1, .filter_fd = -1};
  spec.argv = field_list(&in);
  spec.env = field_list(&in);
  spec.cwd = field(&in);
  bool terminal = field_flag(&in);
  int columns = (int)field_number(&in), rows = (int)field_number(&in);
  field_limits(&in, &spec.limits);
  bool in_process = !strcmp(field(&in), "process");
  const char *target = field(&in);
  spec.confined = field_flag(&in);
  pid_t main = 0;
  int slave = -1, error = 0;
  int out[2] = {-1, -1}, err[2] = {-1, -1}, input[2] = {-1, -1};
  if (in.bad || !spec.argv[0]) {
    refuse(session, "INVALID", "a malformed exec request");
    goto end;
  }
  if (in_process) {
    Kept *kept = kept_find(target);
    main = kept && kept_pid(kept) ? sandbox_main(kept_pid(kept)) : -1;
    if (main == 0 && now_us() < session->deadline) { /* bubblewrap still builds the container */
      timer_set(timer, SANDBOX_RETRY_US);
      goto end;
    }
    spec.pidfd = main > 0 ? (int)syscall(SYS_pidfd_open, main, 0) : -1;
    /* Looked up again: now that we hold it, its number cannot have become another's in between. */
    if (spec.pidfd >= 0 && sandbox_main(kept_pid(kept)) != main) {
      close(spec.pidfd);
      spec.pidfd = -1;
    }
    if (spec.pidfd < 0) {
      refuse(session, kept ? "ENDED" : "NOT_FOUND", "the process is not running");
      goto end;
    }
    fcntl(spec.pidfd, F_SETFD, FD_CLOEXEC);
    spec.join_user = !same_namespace(main, "user");
    session->owner = kept_pid(kept);
  } else {
    spec.confined = false;
    spec.netns = netns_find(target);
    session->kill_with_connection = true;
    if (!spec.netns) {
      refuse(session, "NOT_FOUND", "no such namespace");
      goto end;
    }
  }
  session->terminal = spec.terminal = terminal;
  session->passed_streams = session->passed[0] >= 0;
  if (session->passed_streams) {
    for (int i = 0; i < 3; i++) spec.stdio[i] = session->passed[session->passed[i] >= 0 ? i : 0];
  } else if (terminal) {
    out[0] = open_terminal(main, columns, rows, &slave);
    if (out[0] < 0) error = errno;
    for (int i = 0; i < 3; i++) spec.stdio[i] = slave;
  } else {
    if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC) || pipe2(input, O_CLOEXEC)) error = errno;
    spec.stdio[0] = input[0];
    spec.stdio[1] = out[1];
    spec.stdio[2] = err[1];
  }
  if (!error) error = spawn(&spec, &session->launch, &session->child);
  int ours[] = {slave, out[1], err[1], input[0], spec.pidfd};
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
    if (ours[i] >= 0) close(ours[i]);
  for (int i = 0; i < 3; i++) {
    if (session->passed[i] >= 0) close(session->passed[i]);
    session->passed[i] = -1;
  }
  session->streams[0].source.fd = out[0];
  session->streams[1].source.fd = err[0];
  session->stdin_pipe.fd = input[1];
  int nonblocking[] = {out[0], err[0], input[1]};
  for (int i = 0; i < 3; i++)
    if (nonblocking[i] >= 0) fcntl(nonblocking[i], F_SETFL, O_NONBLOCK);
  if (error) {
    refuse(session, in_process ? "ENDED" : errno_name(error), strerror(error));
    goto end;
  }
  session->started = true;
  timer->fire = linger_over;
end:
  free(spec.argv);
  free(spec.env);
}

/* argv list, env list, cwd, tty, columns, rows, limits (6), "process"|"netns", which, confined */
void exec_request(Ticket ticket, Fields *in) {
  Session *session = session_new(ticket);
  session->request_length = (size_t)(in->end - in->at);
  session->request = must_allocate(session->request_length);
  memcpy(session->request, in->at, session->request_length);
  session->deadline = now_us() + SANDBOX_PATIENCE_US;
  session->launch.done = launch_done;
  session->child.ended = child_ended;
  session->timer.fire = try_start;
  source_watch(&session->connection, 0); /* to notice a client that goes away while we wait */
  try_start(&session->timer);
}
