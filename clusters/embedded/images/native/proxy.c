/* A reverse proxy's work for one request, in a process of its own. */
#include "standin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_skipped(const char *line, const struct proxy_header *headers) {
  static const char *const own[] = {"host", "connection", "keep-alive", "transfer-encoding", "content-length",
                                    "expect", "upgrade"};
  size_t length = strcspn(line, ":");
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    if (strlen(own[i]) == length && strncasecmp(line, own[i], length) == 0) return true;
  for (; headers && headers->name[0]; headers++)
    if (strlen(headers->name) == length && strncasecmp(line, headers->name, length) == 0) return true;
  return false;
}

static struct text compose(struct request *request, const struct upstream *upstream, const char *target,
                           const struct proxy_header *headers) {
  struct text out = {0};
  bool has_host = false;
  text_print(&out, "%s %s HTTP/1.0\r\n", request->method, target);
  for (const struct proxy_header *header = headers; header && header->name[0]; header++) {
    if (!*header->value) continue;
    has_host |= strcasecmp(header->name, "host") == 0;
    if (strcasecmp(header->name, "connection") != 0) text_print(&out, "%s: %s\r\n", header->name, header->value);
  }
  if (!has_host) text_print(&out, "Host: %s\r\n", upstream->host);
  text_print(&out, "Connection: close\r\n");
  for (const char *line = request->headers; *line && *line != '\r';) {
    const char *end = strstr(line, "\r\n");
    if (!is_skipped(line, headers)) text_add(&out, line, (size_t)(end - line) + 2);
    line = end + 2;
  }
  if (request->body_length > 0) text_print(&out, "Content-Length: %zu\r\n", request->body_length);
  text_print(&out, "\r\n");
  text_add(&out, request->body ? request->body : "", request->body_length);
  return out;
}

static bool send_all(int fd, const char *data, size_t length) {
  while (length > 0) {
    ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    length -= (size_t)sent;
  }
  return true;
}

int proxy_request(struct conn *conn, struct request *request, const struct upstream *upstream, const char *target,
                  const struct proxy_header *headers, size_t *length, char *why, size_t why_size) {
  struct http_server *server = conn->context;
  char part[16384];
  *length = 0;
  int fd = dial(&upstream->address, SOCK_STREAM, 0, upstream->connect_ms);
  if (fd < 0) {
    bool late = fd == -ETIMEDOUT;
    if (late) snprintf(why, why_size, "upstream timed out (110: Connection timed out) while connecting to upstream");
    else snprintf(why, why_size, "connect() failed (%d: %s) while connecting to upstream", -fd, strerror(-fd));
    return late ? 504 : 502;
  }
  struct text out = compose(request, upstream, target, headers);
  if (!send_all(fd, out.data, out.length)) snprintf(why, why_size, "writev() failed while sending request to upstream");
  text_free(&out);
  struct timeval patience = {60, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  struct text head = {0};
  char *end = NULL;
  ssize_t got = 0;
  while (!end && head.length < 65536 && (got = recv(fd, part, sizeof part, 0)) > 0) {
    text_add(&head, part, (size_t)got);
    end = memmem(head.data, head.length, "\r\n\r\n", 4);
  }
  if (end && memchr(head.data, 0, (size_t)(end - head.data))) end = NULL;
  int status = end && strncmp(head.data, "HTTP/1.", 7) == 0 ? atoi(head.data + 9) : 0;
  if (status < 100) {
    bool late = got < 0 && errno == EAGAIN;
    if (late) snprintf(why, why_size, "upstream timed out (110: Connection timed out) while reading response header from upstream");
    else snprintf(why, why_size, "upstream prematurely closed connection while reading response header from upstream");
    close(fd);
    text_free(&head);
    return late ? 504 : 502;
  }
  struct text answer = {0};
  text_print(&answer, "HTTP/1.1 %d %s\r\n", status, http_reason(status));
  if (server->server) text_print(&answer, "Server: %s\r\n", server->server);
  for (char *line = strstr(head.data, "\r\n") + 2; line < end;) {
    char *next = strstr(line, "\r\n");
    if (strncasecmp(line, "connection:", 11) != 0 && strncasecmp(line, "server:", 7) != 0)
      text_add(&answer, line, (size_t)(next - line) + 2);
    line = next + 2;
  }
  text_print(&answer, "Connection: close\r\n\r\n");
  send_all(conn->watch.fd, answer.data, answer.length);
  size_t rest = head.length - (size_t)(end + 4 - head.data);
  bool going = send_all(conn->watch.fd, end + 4, rest);
  *length = rest;
  while (going && (got = recv(fd, part, sizeof part, 0)) > 0) {
    *length += (size_t)got;
    going = send_all(conn->watch.fd, part, (size_t)got);
  }
  text_free(&answer);
  text_free(&head);
  close(fd);
  return status;
}
