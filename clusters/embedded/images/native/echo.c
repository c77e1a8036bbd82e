/* Small HTTP servers that answer who they are, or what they were asked. */
#include "standin.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void must_listen(const char *name, int port, struct http_server *server) {
  int error = listen_on(port, 0, &http_protocol, server);
  if (!error) return;
  say(stderr, "%s: listen tcp :%d: bind: %s", name, port, strerror(error));
  exit(1);
}

/* ---- hashicorp/http-echo ---- */

static const char *echo_text;

static void echo_handle(struct conn *conn, struct request *request) {
  struct text body = {0};
  text_print(&body, "%s\n", echo_text);
  const char *extra = "X-App-Name: http-echo\r\nX-App-Version: 1.0.0\r\n";
  bool health = strcmp(request->path, "/health") == 0;
  const char *text = health ? "{\"status\":\"ok\"}\n" : body.data;
  http_reply(conn, request,
             (struct response){200, health ? "application/json" : "text/plain; charset=utf-8", extra, text, strlen(text)});
  text_free(&body);
}

static void echo_log(struct conn *conn, struct request *request, int status, size_t length) {
  const char *agent = http_header(request, "User-Agent");
  char saved[256];
  snprintf(saved, sizeof saved, "%s", agent ? agent : "");
  const char *host = http_header(request, "Host");
  say(stdout, "%s %s %s \"%s %s HTTP/1.%d\" %d %zu \"%s\" 0s", time_text("%Y/%m/%d %H:%M:%S"), host ? host : "",
      endpoint_text(&conn->peer), request->method, request->target, request->minor, status, length, saved);
}

static int http_echo_main(int argc, char **argv) {
  static struct http_server server = {echo_handle, echo_log, NULL, NULL};
  const char *listen = option(argc, argv, "listen");
  echo_text = option(argc, argv, "text");
  if (!echo_text) echo_text = getenv("ECHO_TEXT");
  if (!echo_text || !*echo_text) {
    say(stderr, "Missing -text option or ECHO_TEXT env var!");
    return 127;
  }
  const char *colon = listen ? strrchr(listen, ':') : NULL;
  int port = colon ? atoi(colon + 1) : 5678;
  must_listen("http-echo", port, &server);
  say(stdout, "%s [INFO] server is listening on %s", time_text("%Y/%m/%d %H:%M:%S"), listen ? listen : ":5678");
  loop_run();
}

/* ---- gcr.io/google-samples/hello-app ---- */

static void hello_handle(struct conn *conn, struct request *request) {
  struct text body = {0};
  go_log("Serving request: %s", request->path);
  const char *version = getenv("HELLO_VERSION");
  text_print(&body, "Hello, world!\nVersion: %s\nHostname: %s\n", version ? version : "1.0.0", host_name());
  http_text(conn, request, 200, body.data);
  text_free(&body);
}

/* Programs in Go without a handler of their own end with 2 as process 1. */
static void go_signal(int signal) {
  if (signal == SIGWINCH) return;
  exit(2);
}

static int hello_main(int argc, char **argv) {
  static struct http_server server = {hello_handle, NULL, NULL, NULL};
  (void)argc, (void)argv;
  const char *port = getenv("PORT");
  must_listen("hello-app", port && atoi(port) > 0 ? atoi(port) : 8080, &server);
  go_log("Server listening on port %s", port && atoi(port) > 0 ? port : "8080");
  loop_on_signal(go_signal);
  loop_run();
}

/* ---- registry.k8s.io/echoserver ---- */

static int compare_lines(const void *a, const void *b) {
  return strcasecmp(*(char *const *)a, *(char *const *)b);
}

/* Headers as `name=value`, names in lower case, sorted. */
static void add_headers(struct text *out, struct request *request, const char *format) {
  char *copy = must(strdup(request->headers)), *rest = copy, *line, *lines[128];
  size_t count = 0;
  while (count < 128 && (line = strsep(&rest, "\r"))) {
    if (*line == '\n') line++;
    char *colon = strchr(line, ':');
    if (!colon) continue;
    *colon = 0;
    lines[count++] = line;
  }
  qsort(lines, count, sizeof *lines, compare_lines);
  for (size_t i = 0; i < count; i++) {
    const char *value = lines[i] + strlen(lines[i]) + 1;
    text_print(out, format, lines[i], value + strspn(value, " "));
  }
  free(copy);
}

static const char *env_or(const char *name, const char *otherwise) {
  const char *value = getenv(name);
  return value && *value ? value : otherwise;
}

static void echoserver_handle(struct conn *conn, struct request *request) {
  struct text body = {0}, headers = {0};
  const char *host = http_header(request, "Host");
  text_add(&headers, "", 0);
  add_headers(&headers, request, "\t%s=%s\n");
  for (char *line = headers.data; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
    for (char *c = line; *c && *c != '=' && *c != '\n'; c++) *c = (char)tolower((unsigned char)*c);
  text_print(&body, "\n\nHostname: %s\n\nPod Information:\n", host_name());
  if (getenv("POD_NAME"))
    text_print(&body, "\tnode name:\t%s\n\tpod name:\t%s\n\tpod namespace:\t%s\n\tpod IP:\t%s\n", env_or("NODE_NAME", ""),
               env_or("POD_NAME", ""), env_or("POD_NAMESPACE", ""), env_or("POD_IP", ""));
  else text_print(&body, "\t-no pod information available-\n");
  text_print(&body, "\nServer values:\n\tserver_version=nginx: 1.13.3 - lua: 10008\n\nRequest Information:\n");
  text_print(&body, "\tclient_address=%s\n\tmethod=%s\n\treal path=%s\n\tquery=%s\n\trequest_version=1.%d\n",
             address_text(&conn->peer), request->method, request->target, request->query, request->minor);
  text_print(&body, "\trequest_scheme=http\n\trequest_uri=http://%s%s\n", host ? host : "", request->target);
  text_print(&body, "\nRequest Headers:\n%s\nRequest Body:\n", headers.data);
  if (request->body_length > 0) text_add(&body, request->body, request->body_length);
  else text_print(&body, "\t-no body in request-");
  text_print(&body, "\n\n");
  http_reply(conn, request, (struct response){200, "text/plain", NULL, body.data, body.length});
  text_free(&body);
  text_free(&headers);
}

static void plain_log(struct conn *conn, struct request *request, int status, size_t length) {
  char agent[256];
  const char *value = http_header(request, "User-Agent");
  snprintf(agent, sizeof agent, "%s", value ? value : "-");
  say(stdout, "%s - - [%s] \"%s %s HTTP/1.%d\" %d %zu \"-\" \"%s\"", address_text(&conn->peer),
      time_text("%d/%b/%Y:%H:%M:%S +0000"), request->method, request->target, request->minor, status, length, agent);
}

static int echoserver_main(int argc, char **argv) {
  static struct http_server server = {echoserver_handle, plain_log, "echoserver", NULL};
  (void)argc, (void)argv;
  must_listen("echoserver", 8080, &server);
  say(stdout, "Generating self-signed cert is left out in this stand-in");
  say(stdout, "Starting nginx");
  loop_run();
}

/* ---- traefik/whoami ---- */

static void whoami_handle(struct conn *conn, struct request *request) {
  struct text body = {0};
  const char *host = http_header(request, "Host");
  if (getenv("WHOAMI_NAME")) text_print(&body, "Name: %s\n", getenv("WHOAMI_NAME"));
  text_print(&body, "Hostname: %s\nIP: %s\nRemoteAddr: %s\n%s %s HTTP/1.%d\nHost: %s\n", host_name(),
             address_text(&conn->local), endpoint_text(&conn->peer), request->method, request->target, request->minor,
             host ? host : "");
  struct text headers = {0};
  text_add(&headers, "", 0);
  add_headers(&headers, request, "%s: %s\n");
  for (char *line = headers.data; *line;) {
    char *end = strchr(line, '\n') + 1;
    if (strncasecmp(line, "host:", 5) != 0) text_add(&body, line, (size_t)(end - line));
    line = end;
  }
  text_print(&body, "\n");
  http_text(conn, request, 200, body.data);
  text_free(&headers);
  text_free(&body);
}

static int whoami_main(int argc, char **argv) {
  static struct http_server server = {whoami_handle, NULL, NULL, NULL};
  const char *port = option(argc, argv, "port");
  if (!port) port = env_or("WHOAMI_PORT_NUMBER", "80");
  must_listen("whoami", atoi(port), &server);
  go_log("Starting up on port %s", port);
  loop_on_signal(go_signal);
  loop_run();
}

const struct role echo_roles[] = {{"http-echo", http_echo_main},
                                  {"hello-app", hello_main},
                                  {"echoserver", echoserver_main},
                                  {"whoami", whoami_main},
                                  {0}};
