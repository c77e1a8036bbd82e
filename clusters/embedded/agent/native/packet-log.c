/* The kernel's log of packets that a rule with `log group 1 prefix "…"` saw: nfnetlink_log, raw. */
#include "agent.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GROUP 1
#define COPIED_BYTES 80
/* Beyond this many in a window reading pauses; the kernel then counts and drops what does not fit. */
#define WINDOW_US 100000
#define PER_WINDOW 200
#define PER_WINDOW_PROBING 4000

typedef struct {
  Source source;
  Timer pause;
  Netns *netns;
  uint64_t window;
  unsigned in_window;
} PacketLog;

static unsigned long long missed; /* left out since the last event that was sent */

static void log_packet(PacketLog *log, const char *prefix, const unsigned char *ip, size_t length) {
  if (length < 20 || ip[0] >> 4 != 4) return;
  size_t header = (size_t)(ip[0] & 15) * 4;
  LoggedPacket packet = {.protocol = ip[9]};
  memcpy(&packet.source, ip + 12, 4);
  memcpy(&packet.destination, ip + 16, 4);
  bool first_fragment = ((ip[6] & 31) << 8 | ip[7]) == 0;
  int protocol = packet.protocol;
  bool has_ports = protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
  if (has_ports && first_fragment && header >= 20 && length >= header + 4) {
    uint16_t ports[2];
    memcpy(ports, ip + header, 4);
    packet.source_port = ntohs(ports[0]);
    packet.destination_port = ntohs(ports[1]);
  }
  if (protocol == IPPROTO_ICMP && first_fragment && header >= 20 && length >= header + 8) {
    memcpy(&packet.query_id, ip + header + 4, 2);
    packet.query_id = ntohs(packet.query_id);
  }
  /* What a rule only writes down goes on its way. */
  if (strncmp(prefix, "gh:log:", 7) != 0) probe_saw_drop(log->netns, prefix, &packet);
  if (!has_subscribers()) return;
  char from[INET_ADDRSTRLEN], to[INET_ADDRSTRLEN], at[40];
  inet_ntop(AF_INET, &packet.source, from, sizeof from);
  inet_ntop(AF_INET, &packet.destination, to, sizeof to);
  rfc3339(at);
  event_begin("packet");
  Buffer *out = event_buffer();
  put(out, log->netns->name);
  put(out, prefix);
  put(out, from);
  put(out, to);
  put_number(out, protocol);
  put_number(out, packet.source_port);
  put_number(out, packet.destination_port);
  put(out, at);
  put_number(out, (long long)missed);
  if (event_end(true)) missed = 0;
  else missed++;
}

static void read_messages(PacketLog *log, size_t length) {
  for (struct nlmsghdr *message = (struct nlmsghdr *)scratch; NLMSG_OK(message, length);
       message = NLMSG_NEXT(message, length)) {
    if (message->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET)) continue;
    size_t left = message->nlmsg_len - NLMSG_LENGTH(sizeof(struct nfgenmsg));
    struct nlattr *attribute = (struct nlattr *)((char *)NLMSG_DATA(message) + NLMSG_ALIGN(sizeof(struct nfgenmsg)));
    char prefix[160] = "";
    const unsigned char *payload = NULL;
    size_t payload_length = 0;
    while (left >= sizeof *attribute && attribute->nla_len >= sizeof *attribute && attribute->nla_len <= left) {
      const void *data = (char *)attribute + NLA_HDRLEN;
      size_t size = attribute->nla_len - NLA_HDRLEN;
      int type = attribute->nla_type & NLA_TYPE_MASK;
      if (type == NFULA_PREFIX) {
        size_t kept = size < sizeof prefix ? size : sizeof prefix - 1;
        memcpy(prefix, data, kept);
        prefix[kept] = 0;
      } else if (type == NFULA_PAYLOAD) {
        payload = data;
        payload_length = size;
      }
      size_t step = NLA_ALIGN(attribute->nla_len);
      if (step >= left) break;
      left -= step;
      attribute = (struct nlattr *)((char *)attribute + step);
    }
    log->in_window++;
    if (payload) log_packet(log, prefix, payload, payload_length);
  }
}

static void resume(Timer *timer) {
  PacketLog *log = CONTAINER(timer, PacketLog, pause);
  source_watch(&log->source, EPOLLIN);
}

static void packet_log_ready(Source *source, uint32_t events) {
  PacketLog *log = CONTAINER(source, PacketLog, source);
  (void)events;
  uint64_t now = now_us();
  if (now - log->window > WINDOW_US) {
    log->window = now;
    log->in_window = 0;
  }
  for (int i = 0; i < 64; i++) {
    ssize_t length = recv(source->fd, scratch, SCRATCH_SIZE, MSG_DONTWAIT);
    if (length <= 0) {
      if (length < 0 && errno == ENOBUFS) { /* some were lost on the way here */
        missed++;
        continue;
      }
      break;
    }
    read_messages(log, (size_t)length);
  }
  if (log->in_window > (probes_pending() ? PER_WINDOW_PROBING : PER_WINDOW)) {
    source_watch(source, 0);
    timer_set(&log->pause, WINDOW_US);
  }
}

static bool configure(int fd, int type, const void *data, size_t length) {
  struct {
    struct nlmsghdr header;
    struct nfgenmsg generic;
    struct nlattr attribute;
    char data[16];
  } request = {
      .header = {.nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
      .generic = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(GROUP)},
      .attribute = {.nla_type = (uint16_t)type, .nla_len = (uint16_t)(NLA_HDRLEN + length)}};
  memcpy(request.data, data, length);
  request.header.nlmsg_len = (uint32_t)(offsetof(typeof(request), data) + NLA_ALIGN(length));
  if (send(fd, &request, request.header.nlmsg_len, 0) < 0) return false;
  ssize_t got = recv(fd, scratch, SCRATCH_SIZE, 0);
  struct nlmsghdr *answer = (struct nlmsghdr *)scratch;
  return got >= (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) && answer->nlmsg_type == NLMSG_ERROR &&
         ((struct nlmsgerr *)NLMSG_DATA(answer))->error == 0;
}

/* Without it probes wait their time out, and nothing else is lost: so a refusal is not an error. */
void packet_log_open(Netns *netns) {
  int fd = netns_socket(netns, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
  netns_leave();
  if (fd < 0) return;
  struct nfulnl_msg_config_cmd bind = {.command = NFULNL_CFG_CMD_BIND};
  struct nfulnl_msg_config_mode mode = {.copy_mode = NFULNL_COPY_PACKET, .copy_range = htonl(COPIED_BYTES)};
  uint32_t at_once = htonl(1), message_size = htonl(512);
  if (!configure(fd, NFULA_CFG_CMD, &bind, sizeof bind) || !configure(fd, NFULA_CFG_MODE, &mode, sizeof mode) ||
      !configure(fd, NFULA_CFG_NLBUFSIZ, &message_size, sizeof message_size) ||
      !configure(fd, NFULA_CFG_QTHRESH, &at_once, sizeof at_once)) {
    close(fd);
    return;
  }
  PacketLog *log = must_allocate(sizeof *log);
  log->source = (Source){.fd = fd, .ready = packet_log_ready};
  log->pause.fire = resume;
  log->netns = netns;
  netns->log = log;
  source_watch(&log->source, EPOLLIN);
}

void packet_log_close(Netns *netns) {
  PacketLog *log = netns->log;
  if (!log) return;
  timer_cancel(&log->pause);
  source_close(&log->source);
  defer_free(log);
  netns->log = NULL;
}
