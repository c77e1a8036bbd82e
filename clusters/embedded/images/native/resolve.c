/* Names as a pod sees them, without the C library's loadable parts. */
#include "standin.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_SERVERS = 3, MAX_SEARCH = 8, TRY_MS = 5000, TRIES = 2 };

struct settings {
  struct in_addr servers[MAX_SERVERS];
  int server_count;
  char search[MAX_SEARCH][256];
  int search_count;
  int ndots;
};

static void map_v4(struct in_addr from, struct sockaddr_in6 *to) {
  *to = (struct sockaddr_in6){.sin6_family = AF_INET6};
  to->sin6_addr.s6_addr[10] = to->sin6_addr.s6_addr[11] = 0xff;
  memcpy(to->sin6_addr.s6_addr + 12, &from, 4);
}

static bool parse_address(const char *text, struct sockaddr_in6 *address) {
  struct in_addr v4;
  if (inet_pton(AF_INET, text, &v4) == 1) {
    map_v4(v4, address);
    return true;
  }
  *address = (struct sockaddr_in6){.sin6_family = AF_INET6};
  return inet_pton(AF_INET6, text, &address->sin6_addr) == 1;
}

static bool in_hosts(const char *name, struct sockaddr_in6 *address) {
  char *all = read_file("/etc/hosts", NULL, 1 << 20), *rest = all, *line;
  bool found = false;
  while (all && !found && (line = strsep(&rest, "\n"))) {
    line[strcspn(line, "#")] = 0;
    char *first = strtok(line, " \t");
    for (char *word = first ? strtok(NULL, " \t") : NULL; word && !found; word = strtok(NULL, " \t"))
      found = strcasecmp(word, name) == 0 && parse_address(first, address);
  }
  free(all);
  return found;
}

static struct settings read_settings(void) {
  struct settings settings = {.ndots = 1};
  char *all = read_file("/etc/resolv.conf", NULL, 65536), *rest = all, *line;
  while (all && (line = strsep(&rest, "\n"))) {
    char *key = strtok(line, " \t");
    if (!key || *key == '#' || *key == ';') continue;
    for (char *word = strtok(NULL, " \t"); word; word = strtok(NULL, " \t")) {
      if (strcmp(key, "nameserver") == 0 && settings.server_count < MAX_SERVERS) {
        if (inet_pton(AF_INET, word, &settings.servers[settings.server_count]) == 1) settings.server_count++;
      } else if (strcmp(key, "search") == 0 && settings.search_count < MAX_SEARCH) {
        snprintf(settings.search[settings.search_count++], 256, "%s", word);
      } else if (strcmp(key, "options") == 0 && strncmp(word, "ndots:", 6) == 0) settings.ndots = atoi(word + 6);
    }
  }
  free(all);
  return settings;
}

static size_t make_query(unsigned char *out, const char *name, uint16_t id) {
  size_t at = 12;
  memset(out, 0, 12);
  out[0] = (unsigned char)(id >> 8);
  out[1] = (unsigned char)id;
  out[2] = 1; /* recursion desired */
  out[5] = 1;
  while (*name) {
    size_t length = strcspn(name, ".");
    if (length == 0 || length > 63 || at + length > 250) return 0;
    out[at++] = (unsigned char)length;
    memcpy(out + at, name, length);
    at += length;
    name += length + (name[length] == '.');
  }
  memcpy(out + at, "\0\0\1\0\1", 5);
  return at + 5;
}

static const unsigned char *skip_name(const unsigned char *at, const unsigned char *end) {
  while (at < end && *at && (*at & 0xc0) == 0) at += *at + 1;
  return at < end && (*at & 0xc0) ? at + 2 : at + 1;
}

/* 0 = address found, RESOLVE_NONE = no such name or no address. */
static int read_answer(const unsigned char *data, size_t length, struct sockaddr_in6 *address) {
  const unsigned char *end = data + length, *at = data + 12;
  int code = data[3] & 15;
  if (code == 3) return RESOLVE_NONE;
  if (code != 0) return RESOLVE_REFUSED;
  at = skip_name(at, end) + 4;
  for (int i = (data[6] << 8) + data[7]; i > 0; i--) {
    at = skip_name(at, end);
    if (at + 10 > end) break;
    int type = (at[0] << 8) + at[1], size = (at[8] << 8) + at[9];
    at += 10;
    if (at + size > end) break;
    if (type == 1 && size == 4) {
      struct in_addr v4;
      memcpy(&v4, at, 4);
      map_v4(v4, address);
      return 0;
    }
    at += size;
  }
  return RESOLVE_NONE;
}

static int ask(struct in_addr server, const char *name, struct sockaddr_in6 *address) {
  unsigned char query[512], answer[4096];
  static uint16_t id;
  id = (uint16_t)(id * 25173 + 13849 + (unsigned)now_ms() + (unsigned)getpid());
  size_t length = make_query(query, name, id);
  if (length == 0) return RESOLVE_NONE;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(53), .sin_addr = server};
  int result = RESOLVE_TIMEOUT;
  if (fd < 0) return RESOLVE_REFUSED;
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 || send(fd, query, length, 0) < 0) result = RESOLVE_REFUSED;
  int64_t until = now_ms() + TRY_MS;
  while (result == RESOLVE_TIMEOUT && now_ms() < until) {
    struct pollfd poller = {fd, POLLIN, 0};
    if (poll(&poller, 1, (int)(until - now_ms())) <= 0) break;
    ssize_t got = recv(fd, answer, sizeof answer, 0);
    if (got < 0) result = RESOLVE_REFUSED;
    else if (got >= 12 && answer[0] == query[0] && answer[1] == query[1])
      result = read_answer(answer, (size_t)got, address);
  }
  close(fd);
  return result;
}

static int ask_all(const struct settings *settings, const char *name, struct sockaddr_in6 *address) {
  int result = RESOLVE_REFUSED;
  for (int attempt = 0; attempt < TRIES; attempt++)
    for (int i = 0; i < settings->server_count; i++) {
      result = ask(settings->servers[i], name, address);
      if (result == 0 || result == RESOLVE_NONE) return result;
    }
  return result;
}

int resolve(const char *name, struct sockaddr_in6 *address, char *why, size_t why_size) {
  char full[512];
  *why = 0;
  if (parse_address(name, address) || in_hosts(name, address)) return 0;
  struct settings settings = read_settings();
  char server[INET_ADDRSTRLEN] = "127.0.0.1";
  if (settings.server_count > 0) inet_ntop(AF_INET, &settings.servers[0], server, sizeof server);
  size_t length = strlen(name);
  int dots = 0, result = RESOLVE_NONE;
  for (size_t i = 0; i < length; i++) dots += name[i] == '.';
  bool absolute = length > 0 && name[length - 1] == '.';
  bool first = absolute || dots >= settings.ndots;
  if (first) result = ask_all(&settings, name, address);
  for (int i = 0; !absolute && result == RESOLVE_NONE && i < settings.search_count; i++) {
    snprintf(full, sizeof full, "%s.%s", name, settings.search[i]);
    result = ask_all(&settings, full, address);
  }
  if (!first && result == RESOLVE_NONE) result = ask_all(&settings, name, address);
  if (result == RESOLVE_NONE) snprintf(why, why_size, "lookup %s on %s:53: no such host", name, server);
  else if (result == RESOLVE_TIMEOUT)
    snprintf(why, why_size, "lookup %s on %s:53: read udp %s:53: i/o timeout", name, server, server);
  else if (result == RESOLVE_REFUSED)
    snprintf(why, why_size, "lookup %s on %s:53: read udp %s:53: connection refused", name, server, server);
  return result;
}

bool split_host_port(char *text, char **host, char **port) {
  char *colon = strrchr(text, ':');
  if (!colon) return false;
  *colon = 0;
  *port = colon + 1;
  *host = text;
  size_t length = strlen(text);
  if (*text == '[' && length > 1 && text[length - 1] == ']') {
    text[length - 1] = 0;
    *host = text + 1;
    return true;
  }
  return strchr(text, ':') == NULL;
}

int dial(const struct sockaddr_in6 *address, int type, int ip_protocol, int timeout_ms) {
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = address->sin6_port};
  bool mapped = IN6_IS_ADDR_V4MAPPED(&address->sin6_addr);
  memcpy(&v4.sin_addr, address->sin6_addr.s6_addr + 12, 4);
  int fd = socket(mapped ? AF_INET : AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, ip_protocol);
  if (fd < 0) return -errno;
  int error = 0;
  const struct sockaddr *to = mapped ? (const struct sockaddr *)&v4 : (const struct sockaddr *)address;
  if (connect(fd, to, mapped ? sizeof v4 : sizeof *address) != 0) error = errno;
  if (error == EINPROGRESS) {
    struct pollfd poller = {fd, POLLOUT, 0};
    socklen_t length = sizeof error;
    if (poll(&poller, 1, timeout_ms > 0 ? timeout_ms : -1) == 0) error = ETIMEDOUT;
    else getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  }
  if (error != 0) {
    close(fd);
    return -error;
  }
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  return fd;
}
