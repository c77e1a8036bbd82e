/* traceroute without powers, as busybox prints it: UDP or ICMP echo with a rising time to live; the kernel keeps what routers answer. */
#include "standin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/errqueue.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_PORT = 33434, PACKET_BYTES = 46, HEADER_BYTES = 28, UNSEEN = -1 };

struct answer {
  struct in_addr from;
  int type, code; /* of ICMP; UNSEEN where nothing came */
  double took_ms;
};

static double since(const struct timespec *from) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)(now.tv_sec - from->tv_sec) * 1e3 + (double)(now.tv_nsec - from->tv_nsec) / 1e6;
}

/* What a router or the destination said about a packet of ours. */
static bool read_error(int fd, struct answer *answer) {
  char control[512], payload[512];
  struct iovec part = {payload, sizeof payload};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return false;
  for (struct cmsghdr *more = CMSG_FIRSTHDR(&message); more; more = CMSG_NXTHDR(&message, more)) {
    if (more->cmsg_level != IPPROTO_IP || more->cmsg_type != IP_RECVERR) continue;
    struct {
      struct sock_extended_err error;
      struct sockaddr_in offender;
    } seen;
    memcpy(&seen, CMSG_DATA(more), sizeof seen);
    if (seen.error.ee_origin != SO_EE_ORIGIN_ICMP) continue;
    answer->from = seen.offender.sin_addr;
    answer->type = seen.error.ee_type;
    answer->code = seen.error.ee_code;
    return true;
  }
  return false;
}

static bool read_reply(int fd, struct in_addr target, struct answer *answer) {
  char packet[512];
  if (recv(fd, packet, sizeof packet, MSG_DONTWAIT) < 1 || packet[0] != ICMP_ECHOREPLY) return false;
  answer->from = target;
  answer->type = ICMP_ECHOREPLY;
  answer->code = 0;
  return true;
}

/* A socket for each packet, so that no late answer counts for another. */
static struct answer probe(struct sockaddr_in to, bool echo, int ttl, int wait_ms) {
  struct answer answer = {.type = UNSEEN};
  char packet[PACKET_BYTES - HEADER_BYTES] = {0};
  struct icmphdr header = {.type = ICMP_ECHO, .un.echo.sequence = htons((uint16_t)ttl)};
  struct timespec from;
  int on = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, echo ? IPPROTO_ICMP : 0);
  if (fd < 0) return answer;
  if (echo) memcpy(packet, &header, sizeof header);
  setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
  clock_gettime(CLOCK_MONOTONIC, &from);
  if (sendto(fd, packet, sizeof packet, 0, (struct sockaddr *)&to, sizeof to) >= 0) {
    int64_t until = now_ms() + wait_ms;
    for (int64_t left = wait_ms; left > 0 && answer.type == UNSEEN; left = until - now_ms()) {
      struct pollfd poller = {fd, POLLIN, 0};
      if (poll(&poller, 1, (int)left) <= 0) continue;
      if (!read_error(fd, &answer) && !read_reply(fd, to.sin_addr, &answer)) {
        int cleared;
        socklen_t size = sizeof cleared;
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &cleared, &size);
      }
    }
  }
  answer.took_ms = since(&from);
  close(fd);
  return answer;
}

static const char *mark_of(const struct answer *answer) {
  if (answer->type != ICMP_DEST_UNREACH) return "";
  switch (answer->code) {
    case ICMP_NET_UNREACH: return " !N";
    case ICMP_HOST_UNREACH: return " !H";
    case ICMP_PROT_UNREACH: return " !P";
    case ICMP_PKT_FILTERED:
    case ICMP_NET_ANO:
    case ICMP_HOST_ANO: return " !A";
    default: return "";
  }
}

/* One line; whether the way ends here. */
static bool hop(struct sockaddr_in to, bool echo, bool numeric, int ttl, int queries, int wait_ms) {
  static int port = FIRST_PORT;
  struct in_addr last = {0};
  bool ends = false;
  printf("%2d ", ttl);
  for (int i = 0; i < queries; i++) {
    to.sin_port = htons((uint16_t)port++);
    struct answer answer = probe(to, echo, ttl, wait_ms);
    if (answer.type == UNSEEN) {
      printf(" *");
    } else {
      char text[INET_ADDRSTRLEN];
      inet_ntop(AF_INET, &answer.from, text, sizeof text);
      if (answer.from.s_addr != last.s_addr) {
        if (numeric) printf(" %s", text);
        else printf(" %s (%s)", text, text);
      }
      printf("  %.3f ms%s", answer.took_ms, mark_of(&answer));
      last = answer.from;
      if (answer.type != ICMP_TIME_EXCEEDED) ends = true;
    }
    fflush(stdout);
  }
  printf("\n");
  fflush(stdout);
  return ends;
}

static int traceroute_main(int argc, char **argv) {
  int most = 30, queries = 3, wait_ms = 5000, first = 1;
  bool numeric = false, echo = false;
  for (int found; (found = getopt(argc, argv, "nIq:m:w:f:4p:t:i:s:FUlrvz:")) != -1;) switch (found) {
      case 'n': numeric = true; break;
      case 'I': echo = true; break;
      case 'q': queries = atoi(optarg); break;
      case 'm': most = atoi(optarg); break;
      case 'w': wait_ms = atoi(optarg) * 1000; break;
      case 'f': first = atoi(optarg); break;
      case '?': return 1;
    }
  if (argc - optind < 1) {
    say(stderr, "Usage: traceroute [-nI] [-f 1ST_TTL] [-m MAXTTL] [-q PROBES] [-w WAIT_SEC] HOST [BYTES]");
    return 1;
  }
  const char *host = argv[optind];
  struct sockaddr_in6 found;
  char why[512];
  if (resolve(host, &found, why, sizeof why) != 0) {
    say(stderr, "traceroute: bad address '%s'", host);
    return 1;
  }
  struct sockaddr_in to = {.sin_family = AF_INET};
  if (inet_pton(AF_INET, address_text(&found), &to.sin_addr) != 1) {
    say(stderr, "traceroute: bad address '%s'", host);
    return 1;
  }
  if (wait_ms < 1000) wait_ms = 1000;
  say(stdout, "traceroute to %s (%s), %d hops max, %d byte packets", host, address_text(&found), most, PACKET_BYTES);
  for (int ttl = first < 1 ? 1 : first; ttl <= most && ttl < 256; ttl++)
    if (hop(to, echo, numeric, ttl, queries, wait_ms)) return 0;
  return 0;
}

const struct role traceroute_roles[] = {{"traceroute", traceroute_main}, {NULL, NULL}};
