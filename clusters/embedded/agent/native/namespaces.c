/* Network namespaces by name. They live by our descriptors alone: closing one is all it takes. */
#include "agent.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TABLE_SIZE 256

int own_pid_namespace = -1;

static int home = -1;
static Netns *table[TABLE_SIZE];
static const Netns *inside; /* where this thread is now; NULL is home */

static unsigned slot_of(const char *name) {
  unsigned hash = 5381;
  while (*name) hash = hash * 33 + (unsigned char)*name++;
  return hash % TABLE_SIZE;
}

void namespaces_open(void) {
  home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  own_pid_namespace = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
}

Netns *netns_find(const char *name) {
  for (Netns *at = table[slot_of(name)]; at; at = at->next)
    if (!strcmp(at->name, name)) return at;
  return NULL;
}

void netns_each(void (*visit)(Netns *)) {
  for (unsigned slot = 0; slot < TABLE_SIZE; slot++)
    for (Netns *at = table[slot]; at; at = at->next) visit(at);
}

bool netns_enter(const Netns *netns) {
  if (inside == netns) return true;
  if (setns(netns->fd, CLONE_NEWNET) < 0) return false;
  inside = netns;
  return true;
}

void netns_leave(void) {
  if (!inside) return;
  if (setns(home, CLONE_NEWNET) < 0) abort();
  inside = NULL;
}

int netns_socket(const Netns *netns, int family, int type, int protocol) {
  if (!netns_enter(netns)) return -1;
  return socket(family, type | SOCK_CLOEXEC, protocol);
}

static int write_sysctl(const char *key, const char *value) {
  char path[256];
  if (strstr(key, "..") || (size_t)snprintf(path, sizeof path, "/proc/sys/%s", key) >= sizeof path)
    return EINVAL;
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  int error = write(fd, value, strlen(value)) < 0 ? errno : 0;
  close(fd);
  return error;
}

static int netns_add(const char *name, bool packet_log, bool ipv6) {
  if (netns_find(name)) return EEXIST;
  int error = 0;
  if (unshare(CLONE_NEWNET) < 0) return errno;
  int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    error = errno;
    if (setns(home, CLONE_NEWNET) < 0) abort();
    inside = NULL;
    return error;
  }
  Netns *netns = must_allocate(sizeof *netns);
  netns->name = must_copy(name);
  netns->fd = out_of_the_way(fd);
  netns->netlink = -1;
  netns->packet_log = packet_log;
  inside = netns;
  unsigned slot = slot_of(name);
  netns->next = table[slot];
  table[slot] = netns;
  /* Without IPv6 links come up without duplicate address detection and its timers. */
  if (!ipv6) {
    write_sysctl("net/ipv6/conf/default/disable_ipv6", "1");
    write_sysctl("net/ipv6/conf/all/disable_ipv6", "1");
  }
  /* Containers have no capabilities, and serve on port 80 and answer ping all the same. */
  write_sysctl("net/ipv4/ip_unprivileged_port_start", "0");
  write_sysctl("net/ipv4/ping_group_range", "0 0");
  /* "Port unreachable" tells refused from filtered: it must not be rationed when many probes meet. */
  write_sysctl("net/ipv4/icmp_ratemask", "0");
  return link_up(netns, "lo");
}

static void netns_delete(Netns *netns) {
  for (Netns **at = &table[slot_of(netns->name)]; *at; at = &(*at)->next) {
    if (*at != netns) continue;
    *at = netns->next;
    break;
  }
  netlink_close(netns);
  nft_close(netns);
  packet_log_close(netns);
  relays_close(netns);
  if (inside == netns) netns_leave();
  close(netns->fd);
  free(netns->name);
  defer_free(netns);
}

void namespaces_request(Ticket ticket) {
  Buffer *out = reply_begin(ticket);
  for (unsigned slot = 0; slot < TABLE_SIZE; slot++)
    for (Netns *at = table[slot]; at; at = at->next) put(out, at->name);
  reply_end(ticket);
}

/* ---- operations ---- */

static const char *or_null(const char *text) { return *text ? text : NULL; }

static Netns *field_netns(Fields *fields, int *error) {
  Netns *netns = netns_find(field(fields));
  if (!netns) *error = ENONET;
  return netns;
}

static int operate(const char *op, Fields *in) {
  int error = 0;
  if (!strcmp(op, "netns-add")) {
    const char *name = field(in);
    bool packet_log = field_flag(in), ipv6 = field_flag(in);
    return in->bad ? EINVAL : netns_add(name, packet_log, ipv6);
  }
  Netns *netns = field_netns(in, &error);
  if (!strcmp(op, "netns-delete")) {
    if (netns) netns_delete(netns);
    return error;
  }
  const char *first = field(in);
  if (!strcmp(op, "veth")) {
    const char *mac = or_null(field(in));
    Netns *other = field_netns(in, &error);
    const char *name = field(in), *other_mac = or_null(field(in));
    if (in->bad || error) return in->bad ? EINVAL : error;
    return link_veth(netns, first, mac, other, name, other_mac);
  }
  const char *second = NULL, *third = NULL;
  bool route = !strcmp(op, "route"), onlink = false, blackhole = false;
  if (route) {
    second = or_null(field(in));
    third = or_null(field(in));
    onlink = field_flag(in);
    blackhole = field_flag(in);
  } else if (!strcmp(op, "neighbour")) {
    second = field(in);
    third = field(in);
  } else if (!strcmp(op, "enslave") || !strcmp(op, "address") || !strcmp(op, "sysctl")) {
    second = field(in);
  }
  if (in->bad || error) return in->bad ? EINVAL : error;
  if (route) return route_set(netns, first, second, third, onlink, blackhole);
  if (!strcmp(op, "bridge")) return link_bridge(netns, first);
  if (!strcmp(op, "enslave")) return link_enslave(netns, first, second);
  if (!strcmp(op, "link-delete")) return link_delete(netns, first);
  if (!strcmp(op, "address")) return address_add(netns, first, second);
  if (!strcmp(op, "route-delete")) return route_delete(netns, first);
  if (!strcmp(op, "neighbour")) return neighbour_set(netns, first, second, third);
  if (!strcmp(op, "sysctl")) return netns_enter(netns) ? write_sysctl(first, second) : errno;
  return EINVAL;
}

/* count, then per operation its name and its fields in the order read above. */
void network_request(Ticket ticket, Fields *in) {
  long long count = field_number(in);
  int error = 0;
  long long done = 0;
  char what[160] = "";
  for (; done < count && !error; done++) {
    const char *op = field(in);
    Fields look = *in;
    const char *a = field(&look), *b = look.at < look.end ? field(&look) : "";
    if (in->bad) break;
    error = operate(op, in);
    if (error) snprintf(what, sizeof what, "%s %s %s", op, a, b);
  }
  netns_each(netlink_close);
  netns_leave();
  if (error == ENONET) reply_error(ticket, "NOT_FOUND", "operation %lld (%s): no such namespace", done, what);
  else if (error) reply_errno(ticket, error, "operation %lld (%s)", done, what);
  else if (in->bad) reply_error(ticket, "INVALID", "a malformed network request");
  else reply_ok(ticket);
}
