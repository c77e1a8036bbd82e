/* The control protocol, on a unix stream socket.
 *
 *   message  = u32 length, then that many bytes of fields (little endian everywhere)
 *   field    = u32 length, bytes, one zero byte          (so that C reads it in place)
 *   request  = id, verb, arguments…                      ids are decimal numbers of the client's choice
 *   reply    = id, "ok", results…   |   id, "error", code, message
 *   event    = "0", name, …                              after `subscribe`
 *
 * Replies come in any order. Lists are a count followed by their fields. `exec` and `attach` turn their
 * connection into a data connection (frames, see exec.c), `dial` into raw bytes, once they are answered.
 */
#include "agent.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#define LARGEST_MESSAGE (64u << 20)
#define DROP_EVENTS_ABOVE (256u << 10)
/* For whoever started us to connect. */
#define FIRST_GRACE_US 10000000u

struct connection {
  Source source;
  Buffer in, out;
  uint32_t generation;
  bool host, subscribed, busy_detached;
  int passed[3];
  int passed_count;
  Connection *next;
};

static Connection *connections;
static uint32_t generations;
static Source listener = {.fd = -1};
static const char *listener_path;
static Timer grace;
static uint64_t grace_time;
static int hosts;
static Buffer event;
static Buffer reply;
static Ticket reply_ticket;
extern int host_pid;

/* ---- fields ---- */

const char *field_bytes(Fields *fields, size_t *length) {
  uint32_t size = 0;
  if (fields->bad || fields->end - fields->at < 5) goto bad;
  memcpy(&size, fields->at, 4);
  if (size > (size_t)(fields->end - fields->at) - 5 || fields->at[4 + size] != 0) goto bad;
  const char *value = fields->at + 4;
  fields->at = value + size + 1;
  if (length) *length = size;
  return value;
bad:
  fields->bad = true;
  if (length) *length = 0;
  return "";
}

const char *field(Fields *fields) { return field_bytes(fields, NULL); }

long long field_number(Fields *fields) {
  const char *text = field(fields);
  char *end;
  long long value = strtoll(text, &end, 10);
  if (end == text || *end) fields->bad = true;
  return value;
}

bool field_flag(Fields *fields) { return strcmp(field(fields), "1") == 0; }

char **field_list(Fields *fields) {
  long long count = field_number(fields);
  if (fields->bad || count < 0 || count > (fields->end - fields->at) / 5) {
    fields->bad = true;
    count = 0;
  }
  char **list = must_allocate(((size_t)count + 1) * sizeof *list);
  for (long long i = 0; i < count; i++) list[i] = (char *)(uintptr_t)field(fields);
  return list;
}

void put_bytes(Buffer *buffer, const void *bytes, size_t length) {
  uint32_t size = (uint32_t)length;
  buffer_add(buffer, &size, 4);
  buffer_add(buffer, bytes, length);
  buffer_add(buffer, "", 1);
}

void put(Buffer *buffer, const char *text) { put_bytes(buffer, text, strlen(text)); }

void put_number(Buffer *buffer, long long number) {
  char text[24];
  put_bytes(buffer, text, (size_t)snprintf(text, sizeof text, "%lld", number));
}

void message_begin(Buffer *buffer, const char *first, const char *second) {
  buffer->start = buffer->length = 0;
  buffer_add(buffer, "\0\0\0\0", 4);
  put(buffer, first);
  put(buffer, second);
}

void message_end(Buffer *buffer) {
  uint32_t length = (uint32_t)(buffer->length - 4);
  memcpy(buffer_at(buffer), &length, 4);
}

/* ---- connections ---- */

static void connection_events(Connection *connection) {
  source_watch(&connection->source, EPOLLIN | (connection->out.length ? EPOLLOUT : 0u));
}

static void __attribute__((noreturn)) leave(void) {
  kill(-1, SIGKILL);
  while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {}
  unlink(listener_path);
  exit(0);
}

static void grace_over(Timer *timer) {
  (void)timer;
  leave();
}

static void connection_unlink(Connection *connection) {
  for (Connection **at = &connections; *at; at = &(*at)->next) {
    if (*at != connection) continue;
    *at = connection->next;
    break;
  }
  for (int i = 0; i < connection->passed_count; i++) close(connection->passed[i]);
  buffer_free(&connection->in);
  buffer_free(&connection->out);
  defer_free(connection);
}

static void connection_close(Connection *connection) {
  if (connection->source.fd < 0) return;
  source_close(&connection->source);
  if (connection->host && --hosts == 0) timer_set(&grace, grace_time);
  connection_unlink(connection);
}

static void connection_send(Connection *connection, const Buffer *message) {
  buffer_add(&connection->out, buffer_at(message), message->length);
  if (!buffer_flush(&connection->out, connection->source.fd)) {
    shutdown(connection->source.fd, SHUT_RDWR); /* closed when the loop sees the hang-up */
    buffer_free(&connection->out);
  }
  connection_events(connection);
}

static Connection *connection_of(Ticket ticket) {
  for (Connection *at = connections; at; at = at->next)
    if (at == ticket.connection && at->generation == ticket.generation) return at;
  return NULL;
}

int connection_detach(Connection *connection, int passed[3]) {
  int fd = connection->source.fd;
  source_forget(&connection->source);
  connection->source.fd = -1;
  for (int i = 0; i < 3; i++) passed[i] = i < connection->passed_count ? connection->passed[i] : -1;
  connection->passed_count = 0;
  if (connection->host && --hosts == 0) timer_set(&grace, grace_time);
  connection->busy_detached = true; /* the reader of this connection unlinks it */
  return fd;
}

/* ---- replies ---- */

Buffer *reply_begin(Ticket ticket) {
  char id[16];
  snprintf(id, sizeof id, "%u", ticket.id);
  message_begin(&reply, id, "ok");
  reply_ticket = ticket;
  return &reply;
}

static void reply_send(Ticket ticket) {
  message_end(&reply);
  Connection *connection = connection_of(ticket);
  if (connection) connection_send(connection, &reply);
  if (reply.capacity > 65536) buffer_free(&reply);
}

void reply_end(Ticket ticket) { reply_send(ticket); }

void reply_ok(Ticket ticket) {
  reply_begin(ticket);
  reply_send(ticket);
}

static void reply_error_text(Ticket ticket, const char *code, const char *text) {
  char id[16];
  snprintf(id, sizeof id, "%u", ticket.id);
  message_begin(&reply, id, "error");
  put(&reply, code);
  put(&reply, text);
  reply_send(ticket);
}

void reply_error(Ticket ticket, const char *code, const char *format, ...) {
  char text[8192];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  reply_error_text(ticket, code, text);
}

void reply_errno(Ticket ticket, int error, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (length >= 0 && (size_t)length < sizeof text)
    snprintf(text + length, sizeof text - (size_t)length, ": %s", strerror(error));
  reply_error_text(ticket, errno_name(error), text);
}

bool first_reply_ok(int fd, uint32_t id, uint32_t number) {
  char text[16];
  snprintf(text, sizeof text, "%u", id);
  message_begin(&reply, text, "ok");
  put_number(&reply, number);
  message_end(&reply);
  return send(fd, buffer_at(&reply), reply.length, MSG_NOSIGNAL) == (ssize_t)reply.length;
}

void first_reply_error(int fd, uint32_t id, const char *code, const char *message) {
  char text[16];
  snprintf(text, sizeof text, "%u", id);
  message_begin(&reply, text, "error");
  put(&reply, code);
  put(&reply, message);
  message_end(&reply);
  if (send(fd, buffer_at(&reply), reply.length, MSG_NOSIGNAL) < 0) return;
}

const char *errno_name(int error) {
  switch (error) {
    case EPERM: return "EPERM";
    case ENOENT: return "ENOENT";
    case ESRCH: return "ESRCH";
    case EIO: return "EIO";
    case ENOEXEC: return "ENOEXEC";
    case EAGAIN: return "EAGAIN";
    case ENOMEM: return "ENOMEM";
    case EACCES: return "EACCES";
    case EBUSY: return "EBUSY";
    case EEXIST: return "EEXIST";
    case ENODEV: return "ENODEV";
    case ENOTDIR: return "ENOTDIR";
    case EISDIR: return "EISDIR";
    case EINVAL: return "EINVAL";
    case EMFILE: return "EMFILE";
    case ENFILE: return "ENFILE";
    case ENOSPC: return "ENOSPC";
    case ERANGE: return "ERANGE";
    case EPROTONOSUPPORT: return "EPROTONOSUPPORT";
    case EOPNOTSUPP: return "EOPNOTSUPP";
    case EAFNOSUPPORT: return "EAFNOSUPPORT";
    case EADDRINUSE: return "EADDRINUSE";
    case EADDRNOTAVAIL: return "EADDRNOTAVAIL";
    case ENETDOWN: return "ENETDOWN";
    case ENETUNREACH: return "ENETUNREACH";
    case ECONNABORTED: return "ECONNABORTED";
    case ECONNRESET: return "ECONNRESET";
    case ENOBUFS: return "ENOBUFS";
    case ETIMEDOUT: return "ETIMEDOUT";
    case ECONNREFUSED: return "ECONNREFUSED";
    case EHOSTDOWN: return "EHOSTDOWN";
    case EHOSTUNREACH: return "EHOSTUNREACH";
    case EMSGSIZE: return "EMSGSIZE";
    case EPIPE: return "EPIPE";
    default: return "EOTHER";
  }
}

/* ---- events ---- */

bool has_subscribers(void) {
  for (Connection *at = connections; at; at = at->next)
    if (at->subscribed) return true;
  return false;
}

void event_begin(const char *name) { message_begin(&event, "0", name); }
Buffer *event_buffer(void) { return &event; }

bool event_end(bool droppable) {
  bool sent = true;
  message_end(&event);
  for (Connection *at = connections; at; at = at->next) {
    if (!at->subscribed) continue;
    if (droppable && at->out.length > DROP_EVENTS_ABOVE) sent = false;
    else connection_send(at, &event);
  }
  return sent;
}

/* ---- requests ---- */

static void hello(Connection *connection, Ticket ticket) {
  if (!connection->host) {
    connection->host = true;
    hosts++;
    timer_cancel(&grace);
  }
  put_number(reply_begin(ticket), host_pid);
  reply_end(ticket);
}

/* All but this process. Not even a fork bomb escapes: the kernel lets nobody fork who has been told to die. */
static void kill_all(Ticket ticket) {
  kill(-1, SIGKILL);
  reply_ok(ticket);
}

static void dispatch(Connection *connection, Fields *fields) {
  uint32_t id = (uint32_t)field_number(fields);
  const char *verb = field(fields);
  Ticket ticket = {connection, connection->generation, id};
  if (fields->bad) {
    connection_close(connection);
    return;
  }
  if (!strcmp(verb, "network")) network_request(ticket, fields);
  else if (!strcmp(verb, "namespaces")) namespaces_request(ticket);
  else if (!strcmp(verb, "nft")) nft_request(ticket, fields, false);
  else if (!strcmp(verb, "relay-close")) relay_close_request(ticket, fields);
  else if (!strcmp(verb, "conntrack-forget")) conntrack_request(ticket, fields);
  else if (!strcmp(verb, "nft-json")) nft_request(ticket, fields, true);
  else if (!strcmp(verb, "start")) start_request(ticket, fields);
  else if (!strcmp(verb, "processes")) processes_request(ticket);
  else if (!strcmp(verb, "signal")) signal_request(ticket, fields);
  else if (!strcmp(verb, "forget")) forget_request(ticket, fields);
  else if (!strcmp(verb, "kill-all")) kill_all(ticket);
  else if (!strcmp(verb, "usage")) usage_request(ticket);
  else if (!strcmp(verb, "exec")) exec_request(ticket, fields);
  else if (!strcmp(verb, "attach")) attach_request(ticket, fields);
  else if (!strcmp(verb, "session-signal")) session_request(ticket, fields, true);
  else if (!strcmp(verb, "session-resize")) session_request(ticket, fields, false);
  else if (!strcmp(verb, "relay")) relay_request(ticket, fields);
  else if (!strcmp(verb, "dial")) dial_request(ticket, fields);
  else if (!strcmp(verb, "probe")) probe_request(ticket, fields);
  else if (!strcmp(verb, "hello")) hello(connection, ticket);
  else if (!strcmp(verb, "subscribe")) {
    connection->subscribed = true;
    reply_ok(ticket);
  } else if (!strcmp(verb, "quit")) leave(); /* answered by the closing: by then nothing runs any more */
  else reply_error(ticket, "INVALID", "unknown verb %s", verb);
}

static bool read_more(Connection *connection) {
  char control[CMSG_SPACE(sizeof(int) * 3)];
  struct iovec part = {.iov_base = scratch, .iov_len = SCRATCH_SIZE};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t length = recvmsg(connection->source.fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (length < 0) return errno == EAGAIN || errno == EINTR;
  if (length == 0) return false;
  for (struct cmsghdr *at = CMSG_FIRSTHDR(&message); at; at = CMSG_NXTHDR(&message, at)) {
    if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS) continue;
    int count = (int)((at->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    for (int i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(at) + sizeof(int) * (size_t)i, sizeof fd);
      if (connection->passed_count < 3) connection->passed[connection->passed_count++] = fd;
      else close(fd);
    }
  }
  buffer_add(&connection->in, scratch, (size_t)length);
  return true;
}

static void connection_ready(Source *source, uint32_t events) {
  Connection *connection = CONTAINER(source, Connection, source);
  if ((events & EPOLLOUT) && !buffer_flush(&connection->out, source->fd)) {
    connection_close(connection);
    return;
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !read_more(connection)) {
    connection_close(connection);
    return;
  }
  while (source->fd >= 0 && connection->in.length >= 4) {
    uint32_t length;
    memcpy(&length, buffer_at(&connection->in), 4);
    if (length > LARGEST_MESSAGE) {
      connection_close(connection);
      return;
    }
    if (connection->in.length < 4 + (size_t)length) break;
    Fields fields = {.at = buffer_at(&connection->in) + 4};
    fields.end = fields.at + length;
    dispatch(connection, &fields);
    if (connection->busy_detached) {
      connection_unlink(connection);
      return;
    }
    if (source->fd >= 0) buffer_take(&connection->in, 4 + (size_t)length);
  }
  if (source->fd >= 0) connection_events(connection);
}

static void listener_ready(Source *source, uint32_t events) {
  (void)events;
  int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  Connection *connection = must_allocate(sizeof *connection);
  connection->source = (Source){.fd = fd, .ready = connection_ready};
  connection->generation = ++generations;
  connection->next = connections;
  connections = connection;
  connection_events(connection);
}

void protocol_listen(const char *path, uint64_t grace_us) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    fprintf(stderr, "the socket's path is longer than a unix socket allows: %s\n", path);
    exit(1);
  }
  strcpy(address.sun_path, path);
  unlink(path);
  listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener.fd < 0 || bind(listener.fd, (struct sockaddr *)&address, sizeof address) < 0 ||
      listen(listener.fd, 256) < 0) {
    fprintf(stderr, "cannot listen on %s: %s\n", path, strerror(errno));
    exit(1);
  }
  listener.ready = listener_ready;
  source_watch(&listener, EPOLLIN);
  listener_path = path;
  grace_time = grace_us;
  grace.fire = grace_over;
  timer_set(&grace, grace_us < FIRST_GRACE_US ? FIRST_GRACE_US : grace_us);
}
