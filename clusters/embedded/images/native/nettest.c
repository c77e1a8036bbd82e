/* agnhost nettest: finds the other pods of its service through the API, calls each of them, and counts who calls it. */
#include "standin.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_LOG = 500, MAX_NAMES = 10000, MAX_ANSWER = 1 << 22, ROUNDS = 15, POST_TIMEOUT_MS = 10000 };

static const char ACCOUNT[] = "/var/run/secrets/kubernetes.io/serviceaccount";

/* How often each host was heard of, ordered by name. */
struct tally {
  struct tally *next;
  int count;
  char name[];
};
struct line {
  struct line *next;
  char text[];
};
struct lines {
  struct line *first, **end;
  int count;
};

static const char *service, *space;
static int peers;
static struct tally *sent, *received;
static struct lines log_lines = {.end = &log_lines.first}, error_lines = {.end = &error_lines.first};
static bool contacting = true;

static int tally_size(const struct tally *tally) {
  int size = 0;
  for (; tally; tally = tally->next) size++;
  return size;
}

static void tally_add(struct tally **tally, const char *name) {
  int order = -1, limit = MAX_NAMES - tally_size(*tally);
  while (*tally && (order = strcmp((*tally)->name, name)) < 0) tally = &(*tally)->next;
  if (!*tally || order != 0) {
    if (limit <= 0) return;
    struct tally *added = must(calloc(1, sizeof *added + strlen(name) + 1));
    strcpy(added->name, name);
    added->next = *tally;
    *tally = added;
  }
  (*tally)->count++;
}

/* Where there are too many, the oldest is dropped. */
static void remember(struct lines *lines, const char *text) {
  struct line *added = must(malloc(sizeof *added + strlen(text) + 1));
  added->next = NULL;
  strcpy(added->text, text);
  *lines->end = added;
  lines->end = &added->next;
  if (++lines->count <= MAX_LOG) return;
  struct line *oldest = lines->first;
  lines->first = oldest->next;
  lines->count--;
  free(oldest);
}

/* ---- what it answers ---- */

static void print_tally(struct text *out, const char *name, const struct tally *tally) {
  text_print(out, "\t\"%s\": ", name);
  if (!tally) {
    text_print(out, "null,\n");
    return;
  }
  for (const char *before = "{\n"; tally; tally = tally->next, before = ",\n") {
    text_print(out, "%s\t\t", before);
    text_json(out, tally->name, strlen(tally->name));
    text_print(out, ": %d", tally->count);
  }
  text_print(out, "\n\t},\n");
}

static void print_lines(struct text *out, const char *name, const struct lines *lines) {
  text_print(out, "\t\"%s\": ", name);
  if (!lines->first) {
    text_print(out, "null,\n");
    return;
  }
  const char *before = "[\n";
  for (const struct line *line = lines->first; line; line = line->next, before = ",\n") {
    text_print(out, "%s\t\t", before);
    text_json(out, line->text, strlen(line->text));
  }
  text_print(out, "\n\t],\n");
}

static void handle_read(struct conn *conn, struct request *request) {
  struct text out = {0};
  text_print(&out, "{\n\t\"Hostname\": ");
  text_json(&out, host_name(), strlen(host_name()));
  text_print(&out, ",\n");
  print_tally(&out, "Sent", sent);
  print_tally(&out, "Received", received);
  print_lines(&out, "Errors", &error_lines);
  print_lines(&out, "Log", &log_lines);
  text_print(&out, "\t\"StillContactingPeers\": %s\n}", contacting ? "true" : "false");
  http_text(conn, request, 200, out.data);
  text_free(&out);
}

/* The text under `name` in an object; empty where it is not there. */
static struct text member_text(const char *json, const char *wanted) {
  struct text text = {0};
  char name[64];
  if (json_open(&json, '{'))
    while (json_member(&json, name, sizeof name))
      if (strcmp(name, wanted) == 0 ? !json_string(&json, &text) : !json_skip(&json)) break;
  return text;
}

static void handle_write(struct conn *conn, struct request *request) {
  struct text source = member_text(request->body ? request->body : "", "Source"), out = {0};
  if (source.length > 0) tally_add(&received, source.data);
  else {
    text_print(&out, "%s: Got request with no source", host_name());
    remember(&error_lines, out.data);
    text_free(&out);
  }
  text_print(&out, "{\"Hostname\":");
  text_json(&out, host_name(), strlen(host_name()));
  text_print(&out, "}\n");
  http_text(conn, request, 200, out.data);
  text_free(&source);
  text_free(&out);
}

static void handle_status(struct conn *conn, struct request *request) {
  struct text why = {0};
  int out = tally_size(sent), in = tally_size(received);
  if (out >= peers && in >= peers) http_text(conn, request, 200, "pass");
  else if (contacting) http_text(conn, request, 200, "running");
  else {
    text_print(&why, "Declaring failure for %s/%s with %d sent and %d received and %d peers", space, service, out, in, peers);
    remember(&log_lines, why.data);
    text_free(&why);
    http_text(conn, request, 200, "fail");
  }
}

static void handle(struct conn *conn, struct request *request) {
  if (strcmp(request->path, "/read") == 0) handle_read(conn, request);
  else if (strcmp(request->path, "/write") == 0) handle_write(conn, request);
  else if (strcmp(request->path, "/status") == 0) handle_status(conn, request);
  else if (strcmp(request->path, "/quit") == 0) exit(0);
  else http_text(conn, request, 404, "404 page not found\n");
}

/* ---- the caller: a process of its own, because calls take time; it tells in lines what became of them ---- */

enum report { SENT = 'S', NOTE = 'N', FATAL = 'F' };
static FILE *reports;

static void tell(enum report report, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void tell(enum report report, const char *format, ...) {
  va_list arguments;
  char line[1024];
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  for (char *c = line; *c; c++)
    if (*c == '\n') *c = ' ';
  fprintf(reports, "%c%s\n", report, line);
  fflush(reports);
  if (report == FATAL) _exit(1);
}

/* Runs a program with a text as its input. False, and in `out` what it said, where it does not end well. */
static bool run(char *const argv[], const char *input, struct text *out) {
  int in[2], from[2], status = -1;
  char part[4096];
  ssize_t got;
  text_add(out, "", 0);
  if (pipe(in) != 0 || pipe(from) != 0) return false;
  pid_t child = fork();
  if (child == 0) {
    dup2(in[0], 0);
    dup2(from[1], 1);
    dup2(from[1], 2);
    close(in[1]);
    execvp(argv[0], argv);
    printf("%s: %s", argv[0], strerror(errno));
    fflush(stdout);
    _exit(127);
  }
  close(in[0]);
  close(from[1]);
  // The input is shorter than a pipe holds.
  bool written = write(in[1], input, strlen(input)) >= 0;
  close(in[1]);
  while ((got = read(from[0], part, sizeof part)) > 0 && out->length < MAX_ANSWER) text_add(out, part, (size_t)got);
  close(from[0]);
  return written && child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* GET of the API server with the pod's own token. The stand-ins have no TLS: curl has. */
static bool ask_api(const char *path, struct text *out) {
  const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");
  char file[128];
  struct text settings = {0};
  if (!host || !port)
    tell(FATAL, "Unable to create config; error: unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined");
  snprintf(file, sizeof file, "%s/token", ACCOUNT);
  char *token = read_file(file, NULL, 16384);
  if (!token) tell(FATAL, "Unable to create config; error: open %s: %s", file, strerror(errno));
  // By its input, so that the token is in nobody's list of processes.
  text_print(&settings, "url = \"https://%s%s%s:%s%s\"\n", strchr(host, ':') ? "[" : "", host, strchr(host, ':') ? "]" : "",
             port, path);
  text_print(&settings, "header = \"Authorization: Bearer %s\"\ncacert = \"%s/ca.crt\"\n", token, ACCOUNT);
  text_print(&settings, "silent\nshow-error\nfail\nmax-time = 10\n");
  bool done = run((char *[]){"curl", "--config", "-", NULL}, settings.data, out);
  text_free(&settings);
  free(token);
  return done;
}

/* What stands under one name in each object of a list, each followed by a blank. */
static void collect(const char **at, const char *wanted, struct text *out) {
  char name[64];
  if (!json_open(at, '[')) {
    json_skip(at);
    return;
  }
  while (json_next(at, ']') && json_open(at, '{'))
    while (json_member(at, name, sizeof name)) {
      if (strcmp(name, wanted) != 0) json_skip(at);
      else if (json_scalar(at, out)) text_add(out, " ", 1);
    }
}

/* Every address of a subset with every port of it, each followed by a blank. */
static void read_subset(const char **at, struct text *endpoints) {
  struct text addresses = {0}, ports = {0};
  char name[64];
  while (json_member(at, name, sizeof name))
    if (strcmp(name, "addresses") == 0) collect(at, "ip", &addresses);
    else if (strcmp(name, "ports") == 0) collect(at, "port", &ports);
    else json_skip(at);
  char *rest = addresses.data;
  for (char *address; rest && (address = strsep(&rest, " ")) && *address;) {
    const char *port = ports.data ? ports.data : "";
    for (size_t length; (length = strcspn(port, " ")) > 0; port += length + 1)
      text_print(endpoints, strchr(address, ':') ? "[%s]:%.*s " : "%s:%.*s ", address, (int)length, port);
  }
  text_free(&addresses);
  text_free(&ports);
}

/* `10.244.1.2:8080 10.244.2.3:8080 `: the ready pods of the service; empty where they cannot be read. */
static struct text find_endpoints(void) {
  struct text answer = {0}, endpoints = {0};
  char path[1024], name[64];
  text_add(&endpoints, "", 0);
  snprintf(path, sizeof path, "/api/v1/namespaces/%s/endpoints/%s", space, service);
  if (!ask_api(path, &answer)) tell(NOTE, "Unable to read the endpoints for %s/%s: %s.", space, service, answer.data);
  else {
    const char *at = answer.data;
    if (json_open(&at, '{'))
      while (json_member(&at, name, sizeof name))
        if (strcmp(name, "subsets") == 0 && json_open(&at, '['))
          while (json_next(&at, ']') && json_open(&at, '{')) read_subset(&at, &endpoints);
        else json_skip(&at);
  }
  text_free(&answer);
  return endpoints;
}

static int count_of(const struct text *endpoints) {
  int count = 0;
  for (const char *c = endpoints->data; *c; c++) count += *c == ' ';
  return count;
}

/* POST to /write of another pod. True, and the body of its answer, where it answered. */
static bool post(const char *endpoint, const char *body, struct text *answer) {
  struct sockaddr_in6 address;
  struct text request = {0}, all = {0};
  char copy[128], *host, *port, why[256], part[4096];
  ssize_t got;
  snprintf(copy, sizeof copy, "%s", endpoint);
  if (!split_host_port(copy, &host, &port) || resolve(host, &address, why, sizeof why) != 0) return false;
  address.sin6_port = htons((uint16_t)atoi(port));
  int fd = dial(&address, SOCK_STREAM, 0, POST_TIMEOUT_MS);
  if (fd < 0) {
    errno = -fd;
    return false;
  }
  struct timeval patience = {POST_TIMEOUT_MS / 1000, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  text_print(&request, "POST /write HTTP/1.0\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             endpoint, strlen(body), body);
  errno = EPIPE;
  if (send(fd, request.data, request.length, MSG_NOSIGNAL) >= 0)
    while ((got = recv(fd, part, sizeof part, 0)) > 0 && all.length < MAX_ANSWER) text_add(&all, part, (size_t)got);
  int error = errno;
  close(fd);
  const char *start = all.data ? strstr(all.data, "\r\n\r\n") : NULL;
  if (start) text_add(answer, start + 4, strlen(start + 4));
  text_free(&request);
  text_free(&all);
  errno = error;
  return start != NULL;
}

static void contact(const char *endpoint) {
  struct text body = {0}, answer = {0};
  tell(NOTE, "Attempting to contact http://%s", endpoint);
  text_print(&body, "{\"Source\":");
  text_json(&body, host_name(), strlen(host_name()));
  text_print(&body, ",\"Dest\":\"http://%s\"}", endpoint);
  if (!post(endpoint, body.data, &answer))
    tell(NOTE, "Warning: unable to contact the endpoint \"http://%s\": %s", endpoint, strerror(errno));
  else {
    struct text name = member_text(answer.data, "Hostname");
    if (name.data) tell(SENT, "%s", name.data);
    else tell(NOTE, "Warning: unable to unmarshal response (%s) from 'http://%s'", answer.data, endpoint);
    text_free(&name);
  }
  text_free(&body);
  text_free(&answer);
}

static void call_others(void) {
  // As the original: larger groups ask the API less often, and have more time.
  unsigned pause_s = peers / 10 > 5 ? (unsigned)peers / 10 : 5;
  int64_t patience_ms = (peers > 300 ? peers : 300) * 1000;
  struct text answer = {0}, endpoints;
  int64_t until = now_ms() + patience_ms;
  while (!ask_api("/version", &answer)) {
    go_log("Unable to get server version: %s; retrying.", answer.data);
    if (now_ms() > until) tell(FATAL, "Unable to contact Kubernetes: %s", answer.data);
    text_free(&answer);
    sleep(pause_s);
  }
  go_log("Server version: %s", answer.data);
  text_free(&answer);
  for (until = now_ms() + patience_ms; now_ms() < until; sleep(pause_s)) {
    endpoints = find_endpoints();
    int found = count_of(&endpoints);
    if (found < peers)
      tell(NOTE, "%s/%s has %d endpoints ([%s]), which is less than %d as expected. Waiting for all endpoints to come up.",
           space, service, found, endpoints.data, peers);
    text_free(&endpoints);
    if (found >= peers) break;
  }
  // More than once: a pod may have been late.
  for (int i = 0; i < ROUNDS; i++) {
    endpoints = find_endpoints();
    char *rest = endpoints.data;
    for (char *endpoint; (endpoint = strsep(&rest, " ")) && *endpoint;) contact(endpoint);
    text_free(&endpoints);
    sleep(pause_s);
  }
}

/* ---- the two together ---- */

static void take_report(const char *line) {
  switch (*line) {
    case SENT: tally_add(&sent, line + 1); return;
    case NOTE: remember(&log_lines, line + 1); return;
    case FATAL:
      go_log("%s", line + 1);
      exit(1);
  }
}

static void reports_ready(struct watch *watch, uint32_t events) {
  static struct text pending;
  char part[4096], *end;
  (void)events;
  ssize_t got = read(watch->fd, part, sizeof part);
  if (got <= 0) {
    contacting = false;
    loop_remove(watch);
    close(watch->fd);
    return;
  }
  text_add(&pending, part, (size_t)got);
  while ((end = strchr(pending.data, '\n'))) {
    *end = 0;
    take_report(pending.data);
    pending.length -= (size_t)(end + 1 - pending.data);
    memmove(pending.data, end + 1, pending.length + 1);
  }
}

static int start_caller(void) {
  int ends[2];
  if (pipe(ends) != 0) return -1;
  if (fork() == 0) {
    close(ends[0]);
    reports = must(fdopen(ends[1], "w"));
    call_others();
    _exit(0);
  }
  close(ends[1]);
  return ends[0];
}

int nettest_main(int argc, char **argv) {
  static struct http_server server = {handle, NULL, NULL, NULL};
  static struct watch watch = {.ready = reports_ready};
  int port = option_number(argc, argv, "port", 8080), error;
  peers = option_number(argc, argv, "peers", option_number(argc, argv, "peer-count", 8));
  service = option(argc, argv, "service");
  space = option(argc, argv, "namespace");
  if (!service) service = "nettest";
  if (!space) space = "default";
  if (!*service) {
    go_log("Must provide -service flag.");
    return 1;
  }
  delay_shutdown(option_number(argc, argv, "delay-shutdown", 0));
  watch.fd = start_caller();
  if (watch.fd >= 0) loop_add(&watch, EPOLLIN);
  if ((error = listen_on(port, 0, &http_protocol, &server))) {
    go_log("listen tcp :%d: bind: %s", port, strerror(error));
    return 1;
  }
  loop_run();
}
