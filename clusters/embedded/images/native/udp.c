/* Datagram servers that answer at once. */
#include "standin.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int bind_socket(int port, int type, int ip_protocol);

struct udp_server {
  struct watch watch;
  udp_answer answer;
  int port;
};

static void udp_ready(struct watch *watch, uint32_t events) {
  struct udp_server *server = (struct udp_server *)watch;
  static char in[4096], out[65536];
  (void)events;
  // Bounded, so that a flood does not starve the rest.
  for (int i = 0; i < 256; i++) {
    struct sockaddr_in6 peer;
    char control[128];
    struct iovec part = {in, sizeof in - 1};
    struct msghdr message = {.msg_name = &peer,
                             .msg_namelen = sizeof peer,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    ssize_t got = recvmsg(watch->fd, &message, 0);
    if (got < 0) return;
    in[got] = 0;
    ssize_t length = server->answer(server->port, &peer, in, (size_t)got, out, sizeof out);
    if (length < 0) continue;
    // The control data came from the kernel and goes back: the answer leaves from the address that was asked.
    part = (struct iovec){out, (size_t)length};
    sendmsg(watch->fd, &message, MSG_NOSIGNAL);
  }
}

int udp_on(int port, udp_answer answer) {
  int on = 1, fd = bind_socket(port, SOCK_DGRAM, 0);
  if (fd < 0) return -fd;
  setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  struct udp_server *server = must(calloc(1, sizeof *server));
  *server = (struct udp_server){{.fd = fd, .ready = udp_ready}, answer, port};
  loop_add(&server->watch, EPOLLIN);
  return 0;
}
