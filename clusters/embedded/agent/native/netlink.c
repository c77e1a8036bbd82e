/* Links, addresses, routes and neighbours over raw rtnetlink: one message each, answered in the same call. */
#include "agent.h"

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
  struct nlmsghdr header;
  char body[1020];
} Request;

static void add(Request *request, int type, const void *data, size_t length) {
  struct rtattr *attribute = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));
  attribute->rta_type = (unsigned short)type;
  attribute->rta_len = (unsigned short)RTA_LENGTH(length);
  if (length) memcpy(RTA_DATA(attribute), data, length);
  request->header.nlmsg_len = (uint32_t)(NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len));
}

static void add_text(Request *request, int type, const char *text) { add(request, type, text, strlen(text) + 1); }
static void add_u32(Request *request, int type, uint32_t value) { add(request, type, &value, sizeof value); }

static struct rtattr *nest(Request *request, int type) {
  struct rtattr *start = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));
  add(request, type, NULL, 0);
  return start;
}

static void nest_end(Request *request, struct rtattr *start) {
  start->rta_len = (unsigned short)((char *)request + request->header.nlmsg_len - (char *)start);
}

static void begin(Request *request, int type, int flags, size_t body) {
  memset(request, 0, sizeof *request);
  request->header.nlmsg_type = (unsigned short)type;
  request->header.nlmsg_flags = (unsigned short)(NLM_F_REQUEST | NLM_F_ACK | flags);
  request->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(body);
}

static int open_netlink(Netns *netns) {
  if (netns->netlink < 0) netns->netlink = netns_socket(netns, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  return netns->netlink;
}

void netlink_close(Netns *netns) {
  if (netns->netlink >= 0) close(netns->netlink);
  netns->netlink = -1;
}

static int talk(Netns *netns, Request *request) {
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
    char rest[1024];
  } answer;
  int fd = open_netlink(netns);
  if (fd < 0) return errno;
  if (send(fd, request, request->header.nlmsg_len, 0) < 0) return errno;
  /* The kernel works within send; the answer is already here. */
  if (recv(fd, &answer, sizeof answer, 0) < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr))) return EIO;
  return answer.header.nlmsg_type == NLMSG_ERROR ? -answer.error.error : EIO;
}

static int index_of(Netns *netns, const char *name) {
  struct ifreq request = {0};
  if (strlen(name) >= IFNAMSIZ || open_netlink(netns) < 0) return 0;
  strcpy(request.ifr_name, name);
  return ioctl(netns->netlink, SIOCGIFINDEX, &request) < 0 ? 0 : request.ifr_ifindex;
}

/* A link that has just got its carrier drops what it should send, and a bridge ignores it, until a worker of the
 * kernel comes by: a first packet lost is a second lost. Asking for the link makes the kernel do that now. */
static void link_settle(Netns *netns, const char *name) {
  Request request;
  struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = index_of(netns, name)};
  uint32_t brief = RTEXT_FILTER_SKIP_STATS;
  char start[64];
  begin(&request, RTM_GETLINK, 0, sizeof link);
  request.header.nlmsg_flags = NLM_F_REQUEST;
  memcpy(NLMSG_DATA(&request.header), &link, sizeof link);
  add_u32(&request, IFLA_EXT_MASK, brief);
  if (send(netns->netlink, &request, request.header.nlmsg_len, 0) > 0) recv(netns->netlink, start, sizeof start, 0);
}

static bool parse_mac(const char *text, unsigned char mac[6]) {
  return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
                &mac[5]) == 6;
}

typedef struct {
  int family;
  unsigned char bytes[16];
  size_t length;
  int prefix;
} Address;

static bool parse_address(const char *text, Address *out) {
  char copy[64];
  if (strlen(text) >= sizeof copy) return false;
  strcpy(copy, text);
  char *slash = strchr(copy, '/');
  if (slash) *slash = 0;
  out->family = strchr(copy, ':') ? AF_INET6 : AF_INET;
  out->length = out->family == AF_INET ? 4 : 16;
  out->prefix = slash ? atoi(slash + 1) : (int)out->length * 8;
  return inet_pton(out->family, copy, out->bytes) == 1 && out->prefix >= 0 && out->prefix <= (int)out->length * 8;
}

static bool valid_name(const char *name) { return *name && strlen(name) < IFNAMSIZ; }

int link_veth(Netns *a, const char *a_name, const char *a_mac, Netns *b, const char *b_name, const char *b_mac) {
  Request request;
  unsigned char mac[6];
  struct ifinfomsg up = {.ifi_family = AF_UNSPEC, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  if (!valid_name(a_name) || !valid_name(b_name)) return EINVAL;
  begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof up);
  memcpy(NLMSG_DATA(&request.header), &up, sizeof up);
  add_text(&request, IFLA_IFNAME, a_name);
  if (a_mac) {
    if (!parse_mac(a_mac, mac)) return EINVAL;
    add(&request, IFLA_ADDRESS, mac, sizeof mac);
  }
  add_u32(&request, IFLA_NUM_TX_QUEUES, 1);
  add_u32(&request, IFLA_NUM_RX_QUEUES, 1);
  struct rtattr *info = nest(&request, IFLA_LINKINFO);
  add_text(&request, IFLA_INFO_KIND, "veth");
  struct rtattr *data = nest(&request, IFLA_INFO_DATA);
  struct rtattr *peer = nest(&request, VETH_INFO_PEER);
  struct ifinfomsg down = {.ifi_family = AF_UNSPEC}; /* the kernel cannot create the second end up */
  memcpy((char *)&request + request.header.nlmsg_len, &down, sizeof down);
  request.header.nlmsg_len += (uint32_t)NLMSG_ALIGN(sizeof down);
  add_text(&request, IFLA_IFNAME, b_name);
  if (b_mac) {
    if (!parse_mac(b_mac, mac)) return EINVAL;
    add(&request, IFLA_ADDRESS, mac, sizeof mac);
  }
  add_u32(&request, IFLA_NUM_TX_QUEUES, 1);
  add_u32(&request, IFLA_NUM_RX_QUEUES, 1);
  add_u32(&request, IFLA_NET_NS_FD, (uint32_t)b->fd);
  nest_end(&request, peer);
  nest_end(&request, data);
  nest_end(&request, info);
  int error = talk(a, &request);
  if (!error) error = link_up(b, b_name);
  if (error) return error;
  link_settle(a, a_name);
  link_settle(b, b_name);
  return 0;
}

int link_bridge(Netns *netns, const char *name) {
  Request request;
  struct ifinfomsg up = {.ifi_family = AF_UNSPEC, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  if (!valid_name(name)) return EINVAL;
  begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof up);
  memcpy(NLMSG_DATA(&request.header), &up, sizeof up);
  add_text(&request, IFLA_IFNAME, name);
  struct rtattr *info = nest(&request, IFLA_LINKINFO);
  add_text(&request, IFLA_INFO_KIND, "bridge");
  nest_end(&request, info);
  return talk(netns, &request);
}

static int change_link(Netns *netns, const char *name, uint32_t flags, int master) {
  Request request;
  struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_flags = flags, .ifi_change = flags};
  link.ifi_index = index_of(netns, name);
  if (!link.ifi_index) return ENODEV;
  begin(&request, RTM_NEWLINK, 0, sizeof link);
  memcpy(NLMSG_DATA(&request.header), &link, sizeof link);
  if (master) add_u32(&request, IFLA_MASTER, (uint32_t)master);
  return talk(netns, &request);
}

int link_up(Netns *netns, const char *name) { return change_link(netns, name, IFF_UP, 0); }

int link_enslave(Netns *netns, const char *link, const char *bridge) {
  int master = index_of(netns, bridge);
  int error = master ? change_link(netns, link, 0, master) : ENODEV;
  if (!error) link_settle(netns, bridge);
  return error;
}

int link_delete(Netns *netns, const char *name) {
  Request request;
  struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = index_of(netns, name)};
  if (!link.ifi_index) return ENODEV;
  begin(&request, RTM_DELLINK, 0, sizeof link);
  memcpy(NLMSG_DATA(&request.header), &link, sizeof link);
  return talk(netns, &request);
}

int address_add(Netns *netns, const char *link, const char *cidr) {
  Request request;
  Address address;
  if (!parse_address(cidr, &address)) return EINVAL;
  struct ifaddrmsg body = {.ifa_family = (unsigned char)address.family,
                           .ifa_prefixlen = (unsigned char)address.prefix,
                           .ifa_index = (unsigned)index_of(netns, link)};
  if (!body.ifa_index) return ENODEV;
  if (address.family == AF_INET6) body.ifa_flags = IFA_F_NODAD;
  begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof body);
  memcpy(NLMSG_DATA(&request.header), &body, sizeof body);
  add(&request, IFA_LOCAL, address.bytes, address.length);
  add(&request, IFA_ADDRESS, address.bytes, address.length);
  return talk(netns, &request);
}

static int route(Netns *netns, Request *request, const char *cidr, struct rtmsg *body) {
  Address address;
  if (!parse_address(cidr, &address)) return EINVAL;
  (void)netns;
  body->rtm_family = (unsigned char)address.family;
  body->rtm_dst_len = (unsigned char)address.prefix;
  body->rtm_table = RT_TABLE_MAIN;
  memcpy(NLMSG_DATA(&request->header), body, sizeof *body);
  if (address.prefix) add(request, RTA_DST, address.bytes, address.length);
  return 0;
}

int route_set(Netns *netns, const char *cidr, const char *via, const char *link, bool onlink, bool blackhole) {
  Request request;
  Address gateway;
  struct rtmsg body = {.rtm_protocol = RTPROT_BOOT,
                       .rtm_scope = via || blackhole ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
                       .rtm_type = blackhole ? RTN_BLACKHOLE : RTN_UNICAST,
                       .rtm_flags = onlink ? RTNH_F_ONLINK : 0};
  begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof body);
  int error = route(netns, &request, cidr, &body);
  if (error) return error;
  if (via && !blackhole) {
    if (!parse_address(via, &gateway)) return EINVAL;
    add(&request, RTA_GATEWAY, gateway.bytes, gateway.length);
  }
  if (link && !blackhole) {
    int index = index_of(netns, link);
    if (!index) return ENODEV;
    add_u32(&request, RTA_OIF, (uint32_t)index);
  }
  return talk(netns, &request);
}

int route_delete(Netns *netns, const char *cidr) {
  Request request;
  struct rtmsg body = {.rtm_scope = RT_SCOPE_NOWHERE};
  begin(&request, RTM_DELROUTE, 0, sizeof body);
  int error = route(netns, &request, cidr, &body);
  return error ? error : talk(netns, &request);
}

int neighbour_set(Netns *netns, const char *link, const char *address, const char *mac) {
  Request request;
  Address parsed;
  unsigned char bytes[6];
  if (!parse_address(address, &parsed) || !parse_mac(mac, bytes)) return EINVAL;
  struct ndmsg body = {.ndm_family = (unsigned char)parsed.family,
                       .ndm_ifindex = index_of(netns, link),
                       .ndm_state = NUD_PERMANENT};
  if (!body.ndm_ifindex) return ENODEV;
  begin(&request, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, sizeof body);
  memcpy(NLMSG_DATA(&request.header), &body, sizeof body);
  add(&request, NDA_DST, parsed.bytes, parsed.length);
  add(&request, NDA_LLADDR, bytes, sizeof bytes);
  return talk(netns, &request);
}
