/* Probes: all of a request at once, each from a socket made in its namespace. */
#include "agent.h"

#include <arpa/inet.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Started per turn of the loop, so that answers and the kernel's log of drops are read in between. */
#define SLICE 24
#define MOST_AT_ONCE 1500
/* After the kernel has said "dropped" an answer may still be on its way from an earlier packet. */
#define SETTLE_US 4000

typedef struct batch Batch;

typedef struct {
  Source source;
  Timer timer;
  Batch *batch;
  Netns *netns;
  char *netns_name, *dropped_netns, *dropped_prefix;
  int protocol; /* IPPROTO_… */
  uint8_t query_type, query_code;
  struct sockaddr_in to;
  uint32_t timeout_us;
  char *payload;
  size_t payload_length;
  uint32_t from_address;
  uint16_t from_port;
  uint64_t started, took;
  bool resent, done;
  const char *cause;
  int error;
} Probe;

struct batch {
  Ticket ticket;
  size_t count, next, open;
  Timer go_on;
  Probe *probes;
  Batch *next_batch;
};

static Batch *batches;

bool probes_pending(void) { return batches != NULL; }

static void batch_end(Batch *batch) {
  Buffer *out = reply_begin(batch->ticket);
  char took[32];
  for (size_t i = 0; i < batch->count; i++) {
    Probe *probe = &batch->probes[i];
    snprintf(took, sizeof took, "%.3f", (double)probe->took / 1000);
    put(out, probe->cause);
    put(out, probe->error ? errno_name(probe->error) : "");
    put(out, took);
    put_number(out, probe->from_port);
    put(out, probe->dropped_netns ? probe->dropped_netns : "");
    put(out, probe->dropped_prefix ? probe->dropped_prefix : "");
  }
  reply_end(batch->ticket);
  for (Batch **at = &batches; *at; at = &(*at)->next_batch) {
    if (*at != batch) continue;
    *at = batch->next_batch;
    break;
  }
  for (size_t i = 0; i < batch->count; i++) {
    free(batch->probes[i].netns_name);
    free(batch->probes[i].payload);
    free(batch->probes[i].dropped_netns);
    free(batch->probes[i].dropped_prefix);
  }
  timer_cancel(&batch->go_on);
  defer_free(batch->probes);
  defer_free(batch);
}

static void finish(Probe *probe, const char *cause, int error) {
  if (probe->done) return;
  probe->done = true;
  probe->cause = cause;
  probe->error = error;
  probe->took = now_us() - probe->started;
  timer_cancel(&probe->timer);
  if (probe->source.fd >= 0) {
    struct linger reset = {.l_onoff = 1};
    if (probe->protocol == IPPROTO_TCP) setsockopt(probe->source.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    source_close(&probe->source);
    probe->batch->open--;
  }
}

static void check_end(Batch *batch) {
  if (batch->next == batch->count && !batch->open) batch_end(batch);
}

/* One packet out, and whatever comes back is the answer. */
static bool is_packet(const Probe *probe) { return probe->protocol == IPPROTO_UDP || probe->protocol == IPPROTO_ICMP; }

static const char *cause_of(int error) {
  switch (error) {
    case ECONNREFUSED: return "refused";
    case ETIMEDOUT:
    case EPERM: return "filtered"; /* EPERM: a drop in the sender's own output hook */
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case EACCES: /* a prohibit route */
    case EINVAL: /* a blackhole route */
      return "unreachable";
    default: return "unknown";
  }
}

static void give_up_or_resend(Timer *timer) {
  Probe *probe = CONTAINER(timer, Probe, timer);
  Batch *batch = probe->batch;
  if (is_packet(probe) && !probe->resent && !probe->dropped_prefix) {
    probe->resent = true;
    uint64_t gone = now_us() - probe->started;
    if (gone < probe->timeout_us) {
      if (send(probe->source.fd, probe->payload, probe->payload_length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) errno = 0;
      timer_set(timer, probe->timeout_us - gone);
      return;
    }
  }
  finish(probe, "filtered", probe->error);
  check_end(batch);
}

/* ---- ICMP: queries that every system answers by itself, an echo (8) or the time (13) ---- */

#define ICMP_QUERY_BYTES 20

static uint16_t checksum_of(const uint8_t *bytes, size_t length) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < length; i += 2) sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return htons((uint16_t)~sum);
}

/* The number that an answer repeats stands where other protocols have the port. */
static void make_icmp_query(Probe *probe) {
  struct icmphdr header = {.type = probe->query_type, .code = probe->query_code};
  header.un.echo.id = htons(probe->from_port);
  free(probe->payload);
  probe->payload = must_allocate(ICMP_QUERY_BYTES);
  probe->payload_length = ICMP_QUERY_BYTES;
  memset(probe->payload, 0, ICMP_QUERY_BYTES);
  memcpy(probe->payload, &header, sizeof header);
  header.checksum = checksum_of((uint8_t *)probe->payload, ICMP_QUERY_BYTES);
  memcpy(probe->payload, &header, sizeof header);
}

/* A raw socket gets all ICMP from its peer, questions and other probes' answers as well. */
static bool is_icmp_answer(const Probe *probe, const uint8_t *ip, size_t length) {
  size_t start = (size_t)(ip[0] & 15) * 4;
  struct icmphdr header;
  if (length < start + sizeof header) return false;
  memcpy(&header, ip + start, sizeof header);
  int wanted = probe->query_type == ICMP_ECHO ? ICMP_ECHOREPLY : ICMP_TIMESTAMPREPLY;
  return header.type == wanted && ntohs(header.un.echo.id) == probe->from_port;
}

/* 0: an answer; EAGAIN: not yet; else what came instead of one. */
static int receive_packet(const Probe *probe) {
  uint8_t packet[128];
  for (;;) {
    ssize_t got = recv(probe->source.fd, packet, sizeof packet, MSG_DONTWAIT);
    if (got < 0) return errno == EINTR ? EAGAIN : errno;
    if (probe->protocol == IPPROTO_UDP || (got > 0 && is_icmp_answer(probe, packet, (size_t)got))) return 0;
  }
}

static void probe_ready(Source *source, uint32_t events) {
  Probe *probe = CONTAINER(source, Probe, source);
  Batch *batch = probe->batch;
  int error = 0;
  socklen_t size = sizeof error;
  (void)events;
  if (is_packet(probe)) {
    if ((error = receive_packet(probe)) == EAGAIN) return;
  } else if (getsockopt(source->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) {
    error = errno;
  }
  finish(probe, error ? cause_of(error) : "open", error);
  check_end(batch);
}

/* A query for the root's name servers: every DNS server answers it, if only to refuse. */
static const unsigned char dns_query[] = {0x47, 0x48, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1};

/* The kernel would give one port to several connections at once, and a port back within seconds, when connection
 * tracking may still let it through as an old acquaintance. Ours are outside its range and NodePorts', and come
 * again after 24,000 probes from that namespace. */
static int bind_fresh_port(Netns *netns, int fd) {
  struct sockaddr_in from = {.sin_family = AF_INET};
  for (int tries = 0; tries < 100; tries++) {
    if (netns->probe_port == 0) netns->probe_port = (uint16_t)(10000 + now_us() % 20000);
    else if (netns->probe_port == 29999) netns->probe_port = 61000;
    else if (netns->probe_port == 65535) netns->probe_port = 10000;
    else netns->probe_port++;
    from.sin_port = htons(netns->probe_port);
    if (bind(fd, (struct sockaddr *)&from, sizeof from) == 0) return 0;
    if (errno != EADDRINUSE) return errno;
  }
  return EADDRINUSE;
}

static void start(Probe *probe) {
  probe->started = now_us();
  probe->netns = netns_find(probe->netns_name);
  if (!probe->netns) {
    finish(probe, "unknown", ENOENT);
    return;
  }
  int type = probe->protocol == IPPROTO_UDP ? SOCK_DGRAM : probe->protocol == IPPROTO_ICMP ? SOCK_RAW : SOCK_STREAM;
  int fd = netns_socket(probe->netns, AF_INET, type | SOCK_NONBLOCK, probe->protocol);
  if (fd < 0) {
    finish(probe, "unknown", errno);
    return;
  }
  int unbound = bind_fresh_port(probe->netns, fd);
  if (unbound) {
    close(fd);
    finish(probe, "unknown", unbound);
    return;
  }
  probe->source.fd = fd;
  probe->source.ready = probe_ready;
  probe->batch->open++;
  probe->timer.fire = give_up_or_resend;
  int once = 2;
  if (probe->protocol == IPPROTO_TCP) setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &once, sizeof once);
  int failed = connect(fd, (struct sockaddr *)&probe->to, sizeof probe->to) < 0 ? errno : 0;
  struct sockaddr_in from = {0};
  socklen_t length = sizeof from;
  if (getsockname(fd, (struct sockaddr *)&from, &length) == 0) {
    probe->from_address = from.sin_addr.s_addr;
    probe->from_port = ntohs(from.sin_port);
  }
  if (probe->protocol == IPPROTO_ICMP) {
    probe->from_port = probe->netns->probe_port;
    make_icmp_query(probe);
  }
  if (!failed && is_packet(probe) &&
      send(fd, probe->payload, probe->payload_length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
    failed = errno;
  if (failed == EPERM) { /* dropped on its way out: which rule it was is in the log in a moment */
    probe->error = failed;
    probe->resent = true;
    timer_set(&probe->timer, SETTLE_US);
    return;
  }
  if (failed && failed != EINPROGRESS) {
    finish(probe, cause_of(failed), failed);
    return;
  }
  if (!failed && !is_packet(probe)) {
    finish(probe, "open", 0);
    return;
  }
  source_watch(&probe->source, is_packet(probe) ? EPOLLIN : EPOLLOUT);
  timer_set(&probe->timer, is_packet(probe) ? probe->timeout_us / 3 : probe->timeout_us);
}

static void go_on(Timer *timer) {
  Batch *batch = CONTAINER(timer, Batch, go_on);
  for (int i = 0; i < SLICE && batch->next < batch->count && batch->open < MOST_AT_ONCE; i++)
    start(&batch->probes[batch->next++]);
  netns_leave();
  if (batch->next < batch->count) timer_set(timer, batch->open < MOST_AT_ONCE ? 0 : 2000);
  else check_end(batch);
}

static Probe *probe_of(uint32_t address, uint16_t port, int protocol) {
  for (Batch *batch = batches; batch; batch = batch->next_batch) {
    for (size_t i = 0; i < batch->next; i++) {
      Probe *probe = &batch->probes[i];
      if (!probe->done && probe->from_port == port && probe->from_address == address && probe->protocol == protocol)
        return probe;
    }
  }
  return NULL;
}

/* Its own end of a packet names the probe, whatever the other end became on the way: the source of what it
 * sent, the destination of what came back. */
void probe_saw_drop(const Netns *netns, const char *prefix, const LoggedPacket *packet) {
  bool is_icmp = packet->protocol == IPPROTO_ICMP;
  uint16_t sent_from = is_icmp ? packet->query_id : packet->source_port;
  uint16_t sent_to = is_icmp ? packet->query_id : packet->destination_port;
  Probe *probe = probe_of(packet->source, sent_from, packet->protocol);
  if (!probe) probe = probe_of(packet->destination, sent_to, packet->protocol);
  if (!probe || probe->dropped_prefix) return;
  probe->dropped_netns = must_copy(netns->name);
  probe->dropped_prefix = must_copy(prefix);
  uint64_t gone = now_us() - probe->started;
  if (gone + SETTLE_US < probe->timeout_us) timer_set(&probe->timer, SETTLE_US);
}

static int protocol_of(const char *name) {
  if (!strcmp(name, "UDP")) return IPPROTO_UDP;
  if (!strcmp(name, "SCTP")) return IPPROTO_SCTP;
  return !strcmp(name, "ICMP") ? IPPROTO_ICMP : IPPROTO_TCP;
}

/* count, then per probe: namespace, protocol, address, port, timeout in ms, payload ("" = the default); ICMP has its
 * type and code in the two bytes of the port */
void probe_request(Ticket ticket, Fields *in) {
  long long count = field_number(in);
  if (in->bad || count < 0 || count > 100000) {
    reply_error(ticket, "INVALID", "a malformed probe request");
    return;
  }
  Batch *batch = must_allocate(sizeof *batch);
  batch->ticket = ticket;
  batch->count = (size_t)count;
  batch->probes = must_allocate((size_t)count * sizeof *batch->probes);
  batch->go_on.fire = go_on;
  batch->next_batch = batches;
  batches = batch;
  for (size_t i = 0; i < batch->count; i++) {
    Probe *probe = &batch->probes[i];
    size_t length;
    probe->batch = batch;
    probe->source.fd = -1;
    probe->cause = "unknown";
    probe->netns_name = must_copy(field(in));
    probe->protocol = protocol_of(field(in));
    probe->to.sin_family = AF_INET;
    if (inet_pton(AF_INET, field(in), &probe->to.sin_addr) != 1) in->bad = true;
    long long port = field_number(in), timeout = field_number(in);
    if (port < 0 || port > 65535 || timeout < 0 || timeout > 600000) in->bad = true;
    if (probe->protocol == IPPROTO_ICMP) {
      probe->query_type = (uint8_t)(port >> 8);
      probe->query_code = (uint8_t)port;
      if (probe->query_type != ICMP_ECHO && probe->query_type != ICMP_TIMESTAMP) in->bad = true;
    } else probe->to.sin_port = htons((uint16_t)port);
    probe->timeout_us = (uint32_t)timeout * 1000;
    const void *payload = field_bytes(in, &length);
    if (!length) {
      payload = port == 53 ? (const void *)dns_query : "gatehouse\n";
      length = port == 53 ? sizeof dns_query : strlen("gatehouse\n");
    }
    probe->payload = must_allocate(length);
    memcpy(probe->payload, payload, length);
    probe->payload_length = length;
  }
  if (in->bad) {
    reply_error(ticket, "INVALID", "a malformed probe request");
    batch->ticket.generation = 0; /* nobody waits for this batch's own reply */
    batch->next = batch->count;
  }
  go_on(&batch->go_on);
}
