/* Accepted connections: buffers that grow with need and vanish when idle, limits, idle time-outs. */
#include "standin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 900, MAX_OUTPUT = 8 << 20, READ_SIZE = 16384, SWEEP_MS = 5000 };

struct listener {
  struct watch watch;
  const struct protocol *protocol;
  void *context;
};

static struct conn *connections;
static int count;

static void sweep(struct timer *timer);
static struct timer sweeper = {.fire = sweep};

static void conn_free(struct conn *conn) {
  if (conn->dead) return;
  conn->dead = true;
  loop_remove(&conn->watch);
  close(conn->watch.fd);
  if (conn->protocol->closed) conn->protocol->closed(conn);
  *conn->link = conn->next;
  if (conn->next) conn->next->link = conn->link;
  free(conn->in);
  free(conn->out);
  free(conn);
  count--;
}

static void watch_for(struct conn *conn) {
  uint32_t events = conn->paused || conn->closing ? 0 : EPOLLIN;
  if (conn->out_length > conn->out_sent) events |= EPOLLOUT;
  loop_change(&conn->watch, events);
}

/* False where the connection is gone. */
static bool flush(struct conn *conn) {
  while (conn->out_sent < conn->out_length) {
    ssize_t sent =
        send(conn->watch.fd, conn->out + conn->out_sent, conn->out_length - conn->out_sent, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0) {
      conn_free(conn);
      return false;
    }
    conn->out_sent += (size_t)sent;
  }
  if (conn->out_sent == conn->out_length) {
    free(conn->out);
    conn->out = NULL;
    conn->out_sent = conn->out_length = conn->out_size = 0;
    if (conn->closing) {
      if (!conn->handed_over) shutdown(conn->watch.fd, SHUT_WR);
      conn_free(conn);
      return false;
    }
  }
  watch_for(conn);
  return true;
}

static void deliver(struct conn *conn) {
  size_t used = 0;
  while (conn->in_length > used && !conn->paused && !conn->closing) {
    size_t more = conn->protocol->received(conn, conn->in + used, conn->in_length - used);
    if (more == 0) break;
    used += more;
  }
  conn->in_length -= used;
  if (conn->in_length == 0) {
    free(conn->in);
    conn->in = NULL;
    conn->in_size = 0;
  } else if (used > 0) {
    memmove(conn->in, conn->in + used, conn->in_length + 1);
  }
  if (conn->in_length > conn->protocol->max_input) conn->closing = true;
}

static void conn_ready(struct watch *watch, uint32_t events) {
  struct conn *conn = (struct conn *)watch;
  conn->active_ms = now_ms();
  if (events & (EPOLLERR | EPOLLHUP)) {
    conn_free(conn);
    return;
  }
  if (events & EPOLLIN && !conn->paused) {
    if (conn->in_size - conn->in_length < READ_SIZE + 1) {
      conn->in_size = conn->in_length + READ_SIZE + 1;
      conn->in = must(realloc(conn->in, conn->in_size));
    }
    ssize_t got = recv(watch->fd, conn->in + conn->in_length, READ_SIZE, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
      // A client that only shut its side down still reads what is left.
      if (got == 0 && conn->out_length > conn->out_sent) conn->closing = true;
      else {
        conn_free(conn);
        return;
      }
    } else if (got > 0) {
      conn->in_length += (size_t)got;
      conn->in[conn->in_length] = 0;
      deliver(conn);
    }
  }
  flush(conn);
}

static void accept_ready(struct watch *watch, uint32_t events) {
  struct listener *listener = (struct listener *)watch;
  (void)events;
  for (;;) {
    struct sockaddr_in6 peer;
    socklen_t length = sizeof peer;
    int fd = accept4(watch->fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    if (count >= MAX_CONNECTIONS) {
      close(fd);
      continue;
    }
    struct conn *conn = must(calloc(1, sizeof *conn));
    conn->watch = (struct watch){.fd = fd, .ready = conn_ready};
    conn->protocol = listener->protocol;
    conn->context = listener->context;
    conn->peer = peer;
    length = sizeof conn->local;
    getsockname(fd, (struct sockaddr *)&conn->local, &length);
    conn->active_ms = now_ms();
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    conn->next = connections;
    conn->link = &connections;
    if (connections) connections->link = &conn->next;
    connections = conn;
    if (count++ == 0) timer_set(&sweeper, SWEEP_MS);
    loop_add(&conn->watch, EPOLLIN);
    if (conn->protocol->opened) {
      conn->protocol->opened(conn);
      flush(conn);
    }
  }
}

static void sweep(struct timer *timer) {
  int64_t now = now_ms();
  struct conn *next;
  for (struct conn *conn = connections; conn; conn = next) {
    next = conn->next;
    int idle = conn->protocol->idle_seconds;
    if (idle > 0 && !conn->paused && now - conn->active_ms > idle * 1000) conn_free(conn);
  }
  if (count > 0) timer_set(timer, SWEEP_MS);
}

static int bind_any(int fd, int family, int port) {
  int on = 1, off = 0;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == AF_INET6) {
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    return bind(fd, (struct sockaddr *)&any, sizeof any);
  }
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  return bind(fd, (struct sockaddr *)&any, sizeof any);
}

/* A bound socket for all addresses, IPv6 and IPv4 at once where there is IPv6; or -errno. */
int bind_socket(int port, int type, int ip_protocol) {
  static const int families[] = {AF_INET6, AF_INET};
  int error = 0;
  for (size_t i = 0; i < 2; i++) {
    int fd = socket(families[i], type | SOCK_NONBLOCK | SOCK_CLOEXEC, ip_protocol);
    if (fd >= 0 && bind_any(fd, families[i], port) == 0) return fd;
    error = errno;
    if (fd >= 0) close(fd);
    if (error == EADDRINUSE || error == EACCES) break;
  }
  return -error;
}

int listen_on(int port, int ip_protocol, const struct protocol *protocol, void *context) {
  int fd = bind_socket(port, SOCK_STREAM, ip_protocol);
  if (fd < 0) return -fd;
  if (listen(fd, 128) != 0) {
    int error = errno;
    close(fd);
    return error;
  }
  struct listener *listener = must(calloc(1, sizeof *listener));
  *listener = (struct listener){{.fd = fd, .ready = accept_ready}, protocol, context};
  loop_add(&listener->watch, EPOLLIN);
  return 0;
}

void conn_write(struct conn *conn, const void *data, size_t length) {
  if (conn->closing || conn->dead) return;
  if (conn->out_length + length > MAX_OUTPUT) {
    conn->closing = true;
    return;
  }
  if (conn->out_length + length > conn->out_size) {
    conn->out_size = (conn->out_length + length) * 3 / 2 + 64;
    conn->out = must(realloc(conn->out, conn->out_size));
  }
  memcpy(conn->out + conn->out_length, data, length);
  conn->out_length += length;
}

void conn_print(struct conn *conn, const char *format, ...) {
  va_list arguments;
  char *line;
  va_start(arguments, format);
  int length = vasprintf(&line, format, arguments);
  va_end(arguments);
  if (length < 0) must(NULL);
  conn_write(conn, line, (size_t)length);
  free(line);
}

void conn_finish(struct conn *conn) { conn->closing = true; }

bool conn_hand_over(struct conn *conn) {
  pid_t child = fork();
  if (child == 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    fcntl(conn->watch.fd, F_SETFL, fcntl(conn->watch.fd, F_GETFL) & ~O_NONBLOCK);
    return true;
  }
  conn->closing = true;
  conn->handed_over = child > 0;
  return false;
}

void conn_pause(struct conn *conn, bool paused) {
  conn->paused = paused;
  if (paused) {
    watch_for(conn);
    return;
  }
  conn->active_ms = now_ms();
  deliver(conn);
  flush(conn);
}

int conn_count(void) { return count; }

const char *address_text(const struct sockaddr_in6 *address) {
  static char out[2][INET6_ADDRSTRLEN];
  static int turn;
  char *text = out[turn = !turn];
  if (address->sin6_family == AF_INET)
    inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, INET6_ADDRSTRLEN);
  else if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr))
    inet_ntop(AF_INET, address->sin6_addr.s6_addr + 12, text, INET6_ADDRSTRLEN);
  else inet_ntop(AF_INET6, &address->sin6_addr, text, INET6_ADDRSTRLEN);
  return text;
}

const char *endpoint_text(const struct sockaddr_in6 *address) {
  static char out[2][INET6_ADDRSTRLEN + 16];
  static int turn;
  char *text = out[turn = !turn];
  const char *host = address_text(address);
  snprintf(text, sizeof out[0], strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, ntohs(address->sin6_port));
  return text;
}
