/* Bytes between two sockets: connections accepted in a namespace to a unix socket, and dials out of one. */
#include "agent.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct joint Joint;
typedef struct {
  Source source;
  Joint *joint;
  Buffer waiting; /* for this side, not sent yet */
  bool ended; /* this side sends no more */
  bool told; /* this side has been told that the other sends no more */
} Side;

struct joint {
  Side sides[2];
  bool connecting; /* sides[1] */
  bool answer; /* sides[0] waits for the answer to `dial` */
  uint32_t id;
};

typedef struct relay Relay;
struct relay {
  Source source;
  char *path;
  Relay *next;
};

static Side *other(Side *side) { return &side->joint->sides[side == &side->joint->sides[0]]; }

static void joint_close(Joint *joint) {
  for (int i = 0; i < 2; i++) {
    source_close(&joint->sides[i].source);
    buffer_free(&joint->sides[i].waiting);
  }
  defer_free(joint);
}

static void joint_watch(Joint *joint) {
  for (int i = 0; i < 2; i++) {
    Side *side = &joint->sides[i];
    uint32_t events = !side->ended && !other(side)->waiting.length ? EPOLLIN : 0u;
    source_watch(&side->source, events | (side->waiting.length ? EPOLLOUT : 0u));
  }
}

/* Sends what waits for a side, then the end when that has come. */
static bool push(Side *side) {
  if (!buffer_flush(&side->waiting, side->source.fd)) return false;
  if (!side->waiting.length && other(side)->ended && !side->told) {
    side->told = true;
    shutdown(side->source.fd, SHUT_WR);
  }
  return true;
}

static bool pull(Side *side) {
  Side *to = other(side);
  ssize_t length = recv(side->source.fd, scratch, SCRATCH_SIZE, MSG_DONTWAIT);
  if (length < 0) return errno == EAGAIN || errno == EINTR;
  if (length == 0) {
    side->ended = true;
    return push(to);
  }
  ssize_t sent = send(to->source.fd, scratch, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) {
    if (errno != EAGAIN && errno != EINTR) return false;
    sent = 0;
  }
  buffer_add(&to->waiting, scratch + sent, (size_t)(length - sent));
  return true;
}

static void connected(Joint *joint) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(joint->sides[1].source.fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) error = errno;
  joint->connecting = false;
  if (error) {
    first_reply_error(joint->sides[0].source.fd, joint->id, errno_name(error), strerror(error));
    joint_close(joint);
    return;
  }
  first_reply_ok(joint->sides[0].source.fd, joint->id, 0);
  joint_watch(joint);
}

static void side_ready(Source *source, uint32_t events) {
  Side *side = CONTAINER(source, Side, source);
  Joint *joint = side->joint;
  if (joint->connecting) {
    if (side == &joint->sides[1]) connected(joint);
    else joint_close(joint);
    return;
  }
  bool good = !(events & EPOLLERR);
  if (good && (events & EPOLLOUT)) good = push(side);
  if (good && (events & EPOLLIN)) good = pull(side);
  else if (good && (events & EPOLLHUP)) {
    /* Closed both ways. Told even while we do not read: then it is looked at when the other side has taken
       what waits for it. */
    if (!side->ended && !other(side)->waiting.length) good = pull(side);
    else source_forget(source);
  }
  if (!good || (joint->sides[0].told && joint->sides[1].told)) {
    joint_close(joint);
    return;
  }
  if (source->known || !(events & EPOLLHUP)) joint_watch(joint);
}

static Joint *joint_new(int first, int second) {
  Joint *joint = must_allocate(sizeof *joint);
  int fds[2] = {first, second};
  for (int i = 0; i < 2; i++) joint->sides[i] = (Side){.source = {.fd = fds[i], .ready = side_ready}, .joint = joint};
  return joint;
}

/* ---- relay ---- */

static void relay_ready(Source *source, uint32_t events) {
  Relay *relay = CONTAINER(source, Relay, source);
  (void)events;
  int client = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (client < 0) return;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, relay->path, sizeof address.sun_path - 1);
  int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof address) < 0) {
    if (server >= 0) close(server);
    struct linger reset = {.l_onoff = 1};
    setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(client); /* like a port that nobody serves */
    return;
  }
  joint_watch(joint_new(client, server));
}

static bool parse(const char *address, long long port, struct sockaddr_storage *out, socklen_t *length) {
  struct sockaddr_in *v4 = (struct sockaddr_in *)out;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
  memset(out, 0, sizeof *out);
  if (port < 0 || port > 65535) return false;
  if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    *length = sizeof *v4;
    return true;
  }
  if (inet_pton(AF_INET6, address, &v6->sin6_addr) != 1) return false;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons((uint16_t)port);
  *length = sizeof *v6;
  return true;
}

/* Where the list names it. */
static Relay **relay_find(Netns *netns, const char *path) {
  for (Relay **at = (Relay **)&netns->relays; *at; at = &(*at)->next)
    if (!strcmp((*at)->path, path)) return at;
  return NULL;
}

static void relay_close(Relay *relay) {
  source_close(&relay->source);
  free(relay->path);
  defer_free(relay);
}

/* namespace, path of the unix socket; connections that are open stay */
void relay_close_request(Ticket ticket, Fields *in) {
  Netns *netns = netns_find(field(in));
  const char *path = field(in);
  Relay **at = netns && !in->bad ? relay_find(netns, path) : NULL;
  if (at) {
    Relay *relay = *at;
    *at = relay->next;
    relay_close(relay);
  }
  reply_ok(ticket);
}

/* namespace, address, port, path of the unix socket */
void relay_request(Ticket ticket, Fields *in) {
  Netns *netns = netns_find(field(in));
  const char *address = field(in);
  long long port = field_number(in);
  const char *path = field(in);
  struct sockaddr_storage at;
  socklen_t length = 0;
  int on = 1;
  if (!netns) {
    reply_error(ticket, "NOT_FOUND", "no such namespace");
    return;
  }
  if (in->bad || !parse(address, port, &at, &length) || strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path) {
    reply_error(ticket, "INVALID", "not an address, a port and a path: %s %lld %s", address, port, path);
    return;
  }
  /* One whose other end has started anew goes on. */
  if (relay_find(netns, path)) {
    reply_ok(ticket);
    return;
  }
  int fd = netns_socket(netns, at.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int error = 0;
  if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (fd < 0 || bind(fd, (struct sockaddr *)&at, length) < 0 || listen(fd, 128) < 0) error = errno;
  netns_leave();
  if (error) {
    if (fd >= 0) close(fd);
    reply_errno(ticket, error, "cannot listen on %s:%lld", address, port);
    return;
  }
  Relay *relay = must_allocate(sizeof *relay);
  relay->source = (Source){.fd = fd, .ready = relay_ready};
  relay->path = must_copy(path);
  relay->next = netns->relays;
  netns->relays = relay;
  source_watch(&relay->source, EPOLLIN);
  reply_ok(ticket);
}

void relays_close(Netns *netns) {
  for (Relay *at = netns->relays, *next; at; at = next) {
    next = at->next;
    relay_close(at);
  }
  netns->relays = NULL;
}

/* ---- dial ---- */

/* namespace, address, port */
void dial_request(Ticket ticket, Fields *in) {
  Netns *netns = netns_find(field(in));
  const char *address = field(in);
  long long port = field_number(in);
  struct sockaddr_storage to;
  socklen_t length = 0;
  if (!netns || in->bad || !parse(address, port, &to, &length)) {
    reply_error(ticket, netns ? "INVALID" : "NOT_FOUND", netns ? "not an address and a port" : "no such namespace");
    return;
  }
  int fd = netns_socket(netns, to.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int error = 0;
  if (fd < 0 || (connect(fd, (struct sockaddr *)&to, length) < 0 && errno != EINPROGRESS)) error = errno;
  netns_leave();
  if (error) {
    if (fd >= 0) close(fd);
    reply_errno(ticket, error, "cannot connect to %s:%lld", address, port);
    return;
  }
  int passed[3];
  int client = connection_detach(ticket.connection, passed);
  for (int i = 0; i < 3; i++)
    if (passed[i] >= 0) close(passed[i]);
  Joint *joint = joint_new(client, fd);
  joint->connecting = true;
  joint->id = ticket.id;
  source_watch(&joint->sides[1].source, EPOLLOUT);
  source_watch(&joint->sides[0].source, 0);
}
