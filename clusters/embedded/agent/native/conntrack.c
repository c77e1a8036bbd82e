/* Forgetting UDP connections that a Service led to a pod: the kernel would lead them there for as long as they talk. */
#include "agent.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What was dialled, and who answers: network order. */
typedef struct {
  uint32_t dialled, answering;
  uint16_t dialled_port, answering_port;
} Route;

typedef struct {
  uint32_t source, destination;
  uint16_t source_port, destination_port;
  uint8_t protocol;
} Tuple;

typedef struct {
  struct nlmsghdr header;
  struct nfgenmsg generic;
} Head;

static struct nlattr *first(const void *data) { return (struct nlattr *)data; }

/* Calls visit for each attribute of a list. */
static void each(const void *data, size_t left, void (*visit)(void *, int type, const void *, size_t), void *into) {
  struct nlattr *attribute = first(data);
  while (left >= sizeof *attribute && attribute->nla_len >= sizeof *attribute && attribute->nla_len <= left) {
    visit(into, attribute->nla_type & NLA_TYPE_MASK, (char *)attribute + NLA_HDRLEN, attribute->nla_len - NLA_HDRLEN);
    size_t step = NLA_ALIGN(attribute->nla_len);
    if (step >= left) break;
    left -= step;
    attribute = first((char *)attribute + step);
  }
}

static void read_address(void *into, int type, const void *data, size_t size) {
  Tuple *tuple = into;
  if (size != 4) return;
  if (type == CTA_IP_V4_SRC) memcpy(&tuple->source, data, 4);
  if (type == CTA_IP_V4_DST) memcpy(&tuple->destination, data, 4);
}

static void read_protocol(void *into, int type, const void *data, size_t size) {
  Tuple *tuple = into;
  if (type == CTA_PROTO_NUM && size == 1) memcpy(&tuple->protocol, data, 1);
  if (type == CTA_PROTO_SRC_PORT && size == 2) memcpy(&tuple->source_port, data, 2);
  if (type == CTA_PROTO_DST_PORT && size == 2) memcpy(&tuple->destination_port, data, 2);
}

static void read_tuple(void *into, int type, const void *data, size_t size) {
  if (type == CTA_TUPLE_IP) each(data, size, read_address, into);
  if (type == CTA_TUPLE_PROTO) each(data, size, read_protocol, into);
}

typedef struct {
  Tuple original, reply;
  const void *raw; /* the first as the kernel wrote it */
  size_t raw_length;
} Entry;

static void read_entry(void *into, int type, const void *data, size_t size) {
  Entry *entry = into;
  if (type == CTA_TUPLE_ORIG) {
    each(data, size, read_tuple, &entry->original);
    entry->raw = data;
    entry->raw_length = size;
  }
  if (type == CTA_TUPLE_REPLY) each(data, size, read_tuple, &entry->reply);
}

static bool is_on(const Entry *entry, const Route *routes, size_t count) {
  if (entry->original.protocol != IPPROTO_UDP || !entry->raw) return false;
  for (size_t i = 0; i < count; i++)
    if (entry->original.destination == routes[i].dialled && entry->original.destination_port == routes[i].dialled_port &&
        entry->reply.source == routes[i].answering && entry->reply.source_port == routes[i].answering_port)
      return true;
  return false;
}

static Head head(int type, int flags, size_t attributes) {
  return (Head){.header = {.nlmsg_len = (uint32_t)(sizeof(Head) + attributes),
                           .nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type),
                           .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags)},
                .generic = {.nfgen_family = AF_INET, .version = NFNETLINK_V0}};
}

static void add_deletion(Buffer *deletions, const Entry *entry) {
  struct nlattr attribute = {.nla_len = (uint16_t)(NLA_HDRLEN + entry->raw_length),
                             .nla_type = CTA_TUPLE_ORIG | NLA_F_NESTED};
  static const char padding[NLA_ALIGNTO];
  size_t padded = NLA_ALIGN(entry->raw_length);
  Head start = head(IPCTNL_MSG_CT_DELETE, NLM_F_ACK, NLA_HDRLEN + padded);
  buffer_add(deletions, &start, sizeof start);
  buffer_add(deletions, &attribute, sizeof attribute);
  buffer_add(deletions, entry->raw, entry->raw_length);
  buffer_add(deletions, padding, padded - entry->raw_length);
}

/* Reads the whole table; what is to go is written down as messages. Returns 0 or an errno. */
static int find(int fd, const Route *routes, size_t count, Buffer *deletions) {
  Head request = head(IPCTNL_MSG_CT_GET, NLM_F_DUMP, 0);
  if (send(fd, &request, sizeof request, 0) < 0) return errno;
  for (;;) {
    ssize_t got = recv(fd, scratch, SCRATCH_SIZE, 0);
    if (got < 0) return errno;
    size_t length = (size_t)got;
    for (struct nlmsghdr *message = (struct nlmsghdr *)scratch; NLMSG_OK(message, length);
         message = NLMSG_NEXT(message, length)) {
      if (message->nlmsg_type == NLMSG_DONE) return 0;
      if (message->nlmsg_type == NLMSG_ERROR) return -((struct nlmsgerr *)NLMSG_DATA(message))->error;
      if (message->nlmsg_len < sizeof(Head)) continue;
      Entry entry = {0};
      each((char *)message + sizeof(Head), message->nlmsg_len - sizeof(Head), read_entry, &entry);
      if (is_on(&entry, routes, count)) add_deletion(deletions, &entry);
    }
  }
}

/* One by one: an entry that has gone by itself meanwhile is none the less gone. */
static void delete_all(int fd, Buffer *deletions) {
  while (deletions->length >= sizeof(struct nlmsghdr)) {
    struct nlmsghdr start;
    memcpy(&start, buffer_at(deletions), sizeof start);
    if (send(fd, buffer_at(deletions), start.nlmsg_len, 0) < 0 || recv(fd, scratch, SCRATCH_SIZE, 0) < 0) return;
    buffer_take(deletions, start.nlmsg_len);
  }
}

/* namespace, number of routes, each: address and port that were dialled, address and port that answer */
void conntrack_request(Ticket ticket, Fields *in) {
  Netns *netns = netns_find(field(in));
  long long count = field_number(in);
  if (in->bad || !netns || count < 0 || count > 100000) {
    reply_error(ticket, netns ? "INVALID" : "NOT_FOUND", "no such namespace");
    return;
  }
  Route *routes = must_allocate(sizeof *routes * (size_t)(count + 1));
  for (long long i = 0; i < count; i++) {
    if (inet_pton(AF_INET, field(in), &routes[i].dialled) != 1) in->bad = true;
    routes[i].dialled_port = htons((uint16_t)field_number(in));
    if (inet_pton(AF_INET, field(in), &routes[i].answering) != 1) in->bad = true;
    routes[i].answering_port = htons((uint16_t)field_number(in));
  }
  if (in->bad) {
    free(routes);
    reply_error(ticket, "INVALID", "no addresses and ports");
    return;
  }
  int fd = netns_socket(netns, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
  int error = fd < 0 ? errno : 0;
  netns_leave();
  Buffer deletions = {0};
  if (!error) error = find(fd, routes, (size_t)count, &deletions);
  if (!error) delete_all(fd, &deletions);
  if (fd >= 0) close(fd);
  buffer_free(&deletions);
  free(routes);
  if (error) reply_errno(ticket, error, "cannot read the connections of %s", netns->name);
  else reply_ok(ticket);
}
