/* What Debian's busybox lacks or does wrong, as busybox does it: wget with a timeout, nc -z, ping without powers. */
#include "standin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

extern char **environ;

static int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  return 1;
}

/* ---- wget ---- */

enum { MAX_REDIRECTS = 10, DEFAULT_TIMEOUT_S = 900 };

struct wget {
  bool quiet, spider, show_headers;
  int timeout_ms;
  const char *output, *folder, *agent, *post_data;
  struct text headers;
};
struct url {
  char host[300], path[2048];
  int port;
};

static bool parse_url(const char *text, struct url *url) {
  if (strncasecmp(text, "http://", 7) == 0) text += 7;
  else if (strstr(text, "://")) return false;
  size_t length = strcspn(text, "/?#");
  char authority[300], *host, *port;
  if (length == 0 || length >= sizeof authority) return false;
  memcpy(authority, text, length);
  authority[length] = 0;
  url->port = 80;
  if (split_host_port(authority, &host, &port)) url->port = atoi(port);
  else host = authority;
  snprintf(url->host, sizeof url->host, "%s", host);
  text += length;
  snprintf(url->path, sizeof url->path, "%s%.*s", *text == '/' ? "" : "/", (int)strcspn(text, "#"), text);
  return url->port > 0 && url->port < 65536;
}

static int timed_out(void) { return fail("wget: download timed out"); }

/* Reads all until the end of the connection; false where it took too long. */
static bool read_all(int fd, struct text *into) {
  char part[16384];
  ssize_t got;
  while ((got = recv(fd, part, sizeof part, 0)) > 0) text_add(into, part, (size_t)got);
  return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

static const char *header_of(const char *headers, const char *name) {
  static char value[2048];
  size_t length = strlen(name);
  for (const char *line = strstr(headers, "\r\n"); line && line[2] != '\r'; line = strstr(line + 2, "\r\n"))
    if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':') {
      line += 3 + length;
      line += strspn(line, " ");
      snprintf(value, sizeof value, "%.*s", (int)strcspn(line, "\r"), line);
      return value;
    }
  return NULL;
}

/* In place; the new length. */
static size_t unchunk(char *body, size_t length) {
  size_t from = 0, to = 0;
  while (from < length) {
    char *end;
    unsigned long size = strtoul(body + from, &end, 16);
    char *line = memchr(end, '\n', length - (size_t)(end - body));
    if (size == 0 || !line) break;
    from = (size_t)(line + 1 - body);
    if (size > length - from) size = length - from;
    memmove(body + to, body + from, size);
    to += size;
    from += size + 2;
  }
  return to;
}

static int save(const struct wget *options, const struct url *url, const char *body, size_t length) {
  char name[4096];
  const char *slash = strrchr(url->path, '/') + 1;
  snprintf(name, sizeof name, "%s/%.*s", options->folder ? options->folder : ".", (int)strcspn(slash, "?"), slash);
  if (strcspn(slash, "?") == 0) strcat(name, "index.html");
  const char *file = options->output ? options->output : name + (options->folder ? 0 : 2);
  bool to_stdout = strcmp(file, "-") == 0;
  FILE *out = to_stdout ? stdout : fopen(file, options->output ? "we" : "wxe");
  if (!out) return fail("wget: can't open '%s': %s", file, strerror(errno));
  if (!options->quiet) fail(to_stdout ? "writing to stdout" : "saving to '%s'", file);
  bool bad = fwrite(body, 1, length, out) != length || fflush(out) != 0;
  if (!to_stdout) fclose(out);
  if (bad) return fail("wget: write error: %s", strerror(errno));
  if (!options->quiet) {
    fail("%-20.20s 100%% |********************************| %5zu  0:00:00 ETA", file, length);
    fail(to_stdout ? "written to stdout" : "'%s' saved", file);
  }
  return 0;
}

/* -1 = go on at the new place in url. */
static int fetch(const struct wget *options, struct url *url) {
  struct sockaddr_in6 address;
  struct text request = {0}, answer = {0};
  char why[512];
  if (resolve(url->host, &address, why, sizeof why) != 0) return fail("wget: bad address '%s'", url->host);
  address.sin6_port = htons((uint16_t)url->port);
  if (!options->quiet) fail("Connecting to %s (%s)", url->host, endpoint_text(&address));
  int fd = dial(&address, SOCK_STREAM, 0, options->timeout_ms);
  if (fd == -ETIMEDOUT && options->timeout_ms > 0) return timed_out();
  if (fd < 0) return fail("wget: can't connect to remote host (%s): %s", address_text(&address), strerror(-fd));
  struct timeval patience = {options->timeout_ms / 1000, options->timeout_ms % 1000 * 1000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const char *method = options->post_data ? "POST" : options->spider ? "HEAD" : "GET";
  text_print(&request, "%s %s HTTP/1.1\r\nHost: %s", method, url->path, url->host);
  if (url->port != 80) text_print(&request, ":%d", url->port);
  text_print(&request, "\r\nUser-Agent: %s\r\nConnection: close\r\n", options->agent);
  if (options->headers.length > 0) text_add(&request, options->headers.data, options->headers.length);
  if (options->post_data)
    text_print(&request, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n",
               strlen(options->post_data));
  text_print(&request, "\r\n%s", options->post_data ? options->post_data : "");
  bool sent = send(fd, request.data, request.length, MSG_NOSIGNAL) == (ssize_t)request.length;
  bool whole = sent && read_all(fd, &answer);
  text_free(&request);
  close(fd);
  text_add(&answer, "", 0);
  char *body = answer.length > 0 ? strstr(answer.data, "\r\n\r\n") : NULL;
  if (!body) return sent && !whole ? timed_out() : fail("wget: error getting response");
  body += 4;
  int status = 0;
  if (sscanf(answer.data, "HTTP/%*d.%*d %d", &status) != 1) return fail("wget: error getting response");
  if (options->show_headers) fprintf(stderr, "%.*s", (int)(body - 2 - answer.data), answer.data);
  const char *location = status >= 300 && status < 400 ? header_of(answer.data, "Location") : NULL;
  if (location) {
    if (*location == '/') snprintf(url->path, sizeof url->path, "%s", location);
    else if (!parse_url(location, url)) return fail("wget: not an http url: %s", location);
    text_free(&answer);
    return -1;
  }
  if (status < 200 || status >= 300)
    return fail("wget: server returned error: %.*s", (int)strcspn(answer.data, "\r"), answer.data);
  if (options->spider) {
    if (!options->quiet) fail("remote file exists");
    return 0;
  }
  if (!whole) return timed_out();
  size_t length = answer.length - (size_t)(body - answer.data);
  const char *encoding = header_of(answer.data, "Transfer-Encoding");
  if (encoding && strcasecmp(encoding, "chunked") == 0) length = unchunk(body, length);
  int result = save(options, url, body, length);
  text_free(&answer);
  return result;
}

static int wget_main(int argc, char **argv) {
  static const struct option LONG[] = {
      {"quiet", no_argument, NULL, 'q'},           {"spider", no_argument, NULL, 's'},
      {"server-response", no_argument, NULL, 'S'}, {"timeout", required_argument, NULL, 'T'},
      {"tries", required_argument, NULL, 't'},     {"output-document", required_argument, NULL, 'O'},
      {"header", required_argument, NULL, 'h'},    {"post-data", required_argument, NULL, 'd'},
      {"user-agent", required_argument, NULL, 'U'}, {"directory-prefix", required_argument, NULL, 'P'},
      {"continue", no_argument, NULL, 'c'},        {"no-check-certificate", no_argument, NULL, 'n'},
      {NULL, 0, NULL, 0}};
  struct wget options = {.timeout_ms = DEFAULT_TIMEOUT_S * 1000, .agent = "Wget"};
  for (int found; (found = getopt_long(argc, argv, "qSsT:t:O:U:P:cY:o:n:", LONG, NULL)) != -1;) switch (found) {
      case 'q': options.quiet = true; break;
      case 's': options.spider = true; break;
      case 'S': options.show_headers = true; break;
      case 'T': options.timeout_ms = (int)(strtod(optarg, NULL) * 1000); break;
      case 'O': options.output = optarg; break;
      case 'U': options.agent = optarg; break;
      case 'P': options.folder = optarg; break;
      case 'd': options.post_data = optarg; break;
      case 'h': text_print(&options.headers, "%s\r\n", optarg); break;
      case '?': return 1;
    }
  if (optind >= argc) return fail("Usage: wget [-cqS] [--spider] [-O FILE] [-T SEC] [--header STR] [--post-data STR] [-P DIR] [-U AGENT] URL...");
  int result = 0;
  for (int i = optind; i < argc && result == 0; i++) {
    struct url url;
    if (!parse_url(argv[i], &url)) return fail("wget: not an http url: %s (there is no TLS in here; curl has it)", argv[i]);
    result = -1;
    for (int turn = 0; turn < MAX_REDIRECTS && result == -1; turn++) result = fetch(&options, &url);
    if (result == -1) return fail("wget: too many redirections");
  }
  return result;
}

/* ---- nc ---- */

/* Both ways until the other side ends, or nothing has come for the time given. */
static int pump(int fd, int quiet_ms) {
  struct pollfd ends[2] = {{fd, POLLIN, 0}, {0, POLLIN, 0}};
  char part[16384];
  while (poll(ends, 2, quiet_ms > 0 ? quiet_ms : -1) > 0) {
    if (ends[0].revents) {
      ssize_t got = recv(fd, part, sizeof part, 0);
      if (got <= 0) return got < 0;
      if (write(1, part, (size_t)got) < 0) return 1;
    }
    if (ends[1].revents) {
      ssize_t got = read(0, part, sizeof part);
      if (got > 0 && send(fd, part, (size_t)got, MSG_NOSIGNAL) < 0) return 1;
      if (got <= 0) {
        ends[1].fd = -1;
        shutdown(fd, SHUT_WR);
      }
    }
  }
  return 0;
}

/* Listening is what busybox does well; there its name is hidden by one letter, so that a shell finds this program. */
static int listen_by_busybox(int argc, char **argv) {
  char **copy = must(calloc((size_t)argc + 2, sizeof *copy));
  copy[0] = "busybox";
  copy[1] = "nb";
  for (int i = 1; i < argc; i++) copy[i + 1] = argv[i];
  execv("/bin/busybox", copy);
  return fail("nc: %s", strerror(errno));
}

static int nc_main(int argc, char **argv) {
  bool udp = false, verbose = false, only_look = false, listening = false;
  int wait_ms = 0;
  for (int found; (found = getopt(argc, argv, "zvntul46kw:p:e:i:s:q:")) != -1;) switch (found) {
      case 'z': only_look = true; break;
      case 'v': verbose = true; break;
      case 'u': udp = true; break;
      case 'w': wait_ms = atoi(optarg) * 1000; break;
      case 'l': listening = true; break;
      case 'e': listening = true; break;
      case '?': return 1;
    }
  if (listening) return listen_by_busybox(argc, argv);
  if (argc - optind != 2) return fail("Usage: nc [-zvnu] [-w SEC] HOST PORT, or nc -l -p PORT");
  const char *host = argv[optind];
  struct sockaddr_in6 address;
  char why[512];
  if (resolve(host, &address, why, sizeof why) != 0) return fail("nc: bad address '%s'", host);
  address.sin6_port = htons((uint16_t)atoi(argv[optind + 1]));
  int fd = dial(&address, udp ? SOCK_DGRAM : SOCK_STREAM, 0, wait_ms);
  if (fd < 0) return fail("nc: %s (%s): %s", host, endpoint_text(&address), fd == -ETIMEDOUT ? "Connection timed out" : strerror(-fd));
  if (verbose) fail("%s (%s) open", host, endpoint_text(&address));
  if (only_look) return 0;
  return pump(fd, wait_ms);
}

/* ---- ping ---- */

static volatile sig_atomic_t interrupted;
static void interrupt(int signal) {
  (void)signal;
  interrupted = 1;
}

/* The time a reply took in milliseconds, or -1. */
static double one_ping(int fd, uint16_t sequence, int wait_ms, int *ttl) {
  char packet[64] = {0}, control[64];
  struct icmphdr header = {.type = ICMP_ECHO, .un.echo.sequence = htons(sequence)};
  struct timespec from, to;
  memcpy(packet, &header, sizeof header);
  clock_gettime(CLOCK_MONOTONIC, &from);
  if (send(fd, packet, sizeof packet, 0) < 0) return -1;
  int64_t until = now_ms() + wait_ms;
  for (int64_t left = wait_ms; left > 0 && !interrupted; left = until - now_ms()) {
    struct pollfd poller = {fd, POLLIN, 0};
    if (poll(&poller, 1, (int)left) <= 0) continue;
    struct iovec part = {packet, sizeof packet};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    if (recvmsg(fd, &message, 0) < (ssize_t)sizeof header) return -1;
    memcpy(&header, packet, sizeof header);
    if (header.type != ICMP_ECHOREPLY || ntohs(header.un.echo.sequence) != sequence) continue;
    clock_gettime(CLOCK_MONOTONIC, &to);
    for (struct cmsghdr *more = CMSG_FIRSTHDR(&message); more; more = CMSG_NXTHDR(&message, more))
      if (more->cmsg_type == IP_TTL) memcpy(ttl, CMSG_DATA(more), sizeof *ttl);
    return (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
  }
  return -1;
}

static int ping_main(int argc, char **argv) {
  int count = 0, wait_ms = 10000, deadline_ms = 0, interval_ms = 1000;
  bool quiet = false;
  for (int found; (found = getopt(argc, argv, "c:W:w:i:qn46s:t:I:A")) != -1;) switch (found) {
      case 'c': count = atoi(optarg); break;
      case 'W': wait_ms = atoi(optarg) * 1000; break;
      case 'w': deadline_ms = atoi(optarg) * 1000; break;
      case 'i': interval_ms = (int)(strtod(optarg, NULL) * 1000); break;
      case 'q': quiet = true; break;
      case '?': return 1;
    }
  if (argc - optind != 1) return fail("Usage: ping [-c CNT] [-W SEC] [-w SEC] [-i SEC] [-q] HOST");
  const char *host = argv[optind];
  struct sockaddr_in6 address;
  char why[512];
  if (resolve(host, &address, why, sizeof why) != 0) return fail("ping: bad address '%s'", host);
  int fd = dial(&address, SOCK_DGRAM, IPPROTO_ICMP, 0), on = 1;
  if (fd < 0) return fail("ping: %s: %s", host, strerror(-fd));
  setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof on);
  signal(SIGINT, interrupt);
  signal(SIGTERM, interrupt);
  say(stdout, "PING %s (%s): 56 data bytes", host, address_text(&address));
  int sent = 0, received = 0, ttl = 0;
  double least = 0, most = 0, total = 0;
  int64_t until = deadline_ms > 0 ? now_ms() + deadline_ms : INT64_MAX;
  while (!interrupted && (count == 0 || sent < count) && now_ms() < until) {
    if (sent > 0) poll(NULL, 0, interval_ms);
    if (interrupted || now_ms() >= until) break;
    int64_t left = until - now_ms();
    double took = one_ping(fd, (uint16_t)sent++, left < wait_ms ? (int)left : wait_ms, &ttl);
    if (took < 0) continue;
    if (received++ == 0 || took < least) least = took;
    if (took > most) most = took;
    total += took;
    if (!quiet) say(stdout, "64 bytes from %s: seq=%d ttl=%d time=%.3f ms", address_text(&address), sent - 1, ttl, took);
  }
  say(stdout, "\n--- %s ping statistics ---\n%d packets transmitted, %d packets received, %d%% packet loss", host, sent,
      received, sent == 0 ? 0 : (sent - received) * 100 / sent);
  if (received > 0) say(stdout, "round-trip min/avg/max = %.3f/%.3f/%.3f ms", least, total / received, most);
  return received == 0;
}

static int printenv_main(int argc, char **argv) {
  int missing = 0;
  if (argc < 2)
    for (char **each = environ; *each; each++) say(stdout, "%s", *each);
  for (int i = 1; i < argc; i++) {
    const char *value = getenv(argv[i]);
    if (value) say(stdout, "%s", value);
    else missing = 1;
  }
  return missing;
}

const struct role applet_roles[] = {
    {"wget", wget_main}, {"nc", nc_main}, {"ping", ping_main}, {"printenv", printenv_main}, {NULL, NULL}};
