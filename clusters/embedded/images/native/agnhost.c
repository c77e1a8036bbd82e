/* Stands in for agnhost: the subcommands that labs and conformance tests use. */
#include "standin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCTP 132

/* Errors in the words of Go's syscall package, which start in lower case. */
static const char *go_error(int error) {
  static char text[128];
  snprintf(text, sizeof text, "%s", strerror(error));
  if (*text >= 'A' && *text <= 'Z') *text = (char)(*text | 32);
  return text;
}

static int shutdown_delay_s;
static void end_now(struct timer *timer) {
  (void)timer;
  exit(0);
}
static void end_late(int signal) {
  static struct timer timer = {.fire = end_now};
  if (signal != SIGTERM) exit(0);
  go_log("Sleeping %d seconds before exit ...", shutdown_delay_s);
  timer_set(&timer, (int64_t)shutdown_delay_s * 1000);
}
void delay_shutdown(int seconds) {
  shutdown_delay_s = seconds;
  if (seconds > 0) loop_on_signal(end_late);
}

/* ---- connect ---- */

static int connect_failed(const char *kind, const char *detail) {
  if (detail) say(stderr, "%s: %s", kind, detail);
  else say(stderr, "%s", kind);
  return 1;
}

/* Over SCTP a payload is sent and its answer awaited; over TCP there is none. */
static int connect_stream(const struct sockaddr_in6 *address, const char *shown, int timeout_ms, const char *payload) {
  char detail[256];
  int ip_protocol = payload ? SCTP : 0;
  int fd = dial(address, SOCK_STREAM, ip_protocol, timeout_ms);
  if (fd == -ETIMEDOUT) return connect_failed("TIMEOUT", NULL);
  if (fd == -ECONNREFUSED && ip_protocol != SCTP) return connect_failed("REFUSED", NULL);
  if (fd < 0) {
    if (ip_protocol == SCTP) snprintf(detail, sizeof detail, "%s", strerror(-fd));
    else snprintf(detail, sizeof detail, "dial tcp %s: connect: %s", shown, go_error(-fd));
    return connect_failed("OTHER", detail);
  }
  if (ip_protocol == SCTP) {
    char answer[1024], line[512];
    struct timeval patience = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    snprintf(line, sizeof line, "%s\n", payload);
    if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0 || recv(fd, answer, sizeof answer, 0) < 0)
      return errno == EAGAIN ? connect_failed("TIMEOUT", NULL) : connect_failed("OTHER", strerror(errno));
  }
  close(fd);
  return 0;
}

static int connect_datagram(const struct sockaddr_in6 *address, const char *shown, int timeout_ms, const char *payload) {
  char answer[1024], detail[256], line[512];
  int fd = dial(address, SOCK_DGRAM, 0, timeout_ms);
  if (fd < 0) {
    snprintf(detail, sizeof detail, "dial udp %s: connect: %s", shown, strerror(-fd));
    return connect_failed("OTHER", detail);
  }
  struct timeval patience = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
  if (timeout_ms > 0) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  snprintf(line, sizeof line, "%s\n", payload);
  ssize_t got = send(fd, line, strlen(line), 0) < 0 ? -1 : recv(fd, answer, sizeof answer, 0);
  int error = errno;
  struct sockaddr_in6 own = {0};
  socklen_t length = sizeof own;
  getsockname(fd, (struct sockaddr *)&own, &length);
  if (got > 0) return 0;
  if (got == 0)
    return connect_failed("OTHER", "No data received from the server. Cannot guarantee the server received the request.");
  const char *reason = error == EAGAIN ? "i/o timeout" : go_error(error);
  snprintf(detail, sizeof detail, "read udp %s->%s: %s%s", endpoint_text(&own), shown,
           error == EAGAIN ? "" : "read: ", reason);
  return connect_failed(error == EAGAIN ? "TIMEOUT" : error == ECONNREFUSED ? "REFUSED" : "UNKNOWN", detail);
}

static int connect_main(int argc, char **argv) {
  const char *target = NULL, *protocol = option(argc, argv, "protocol"), *timeout = option(argc, argv, "timeout");
  const char *udp_data = option(argc, argv, "udp-data"), *sctp_data = option(argc, argv, "sctp-data");
  char why[512], copy[512], *host, *port;
  struct sockaddr_in6 address;
  for (int i = 1; i < argc; i++) {
    bool value = i > 1 && argv[i - 1][0] == '-' && !strchr(argv[i - 1], '=');
    if (argv[i][0] != '-' && !value) target = argv[i];
  }
  if (!target) {
    say(stderr, "Error: accepts 1 arg(s), received 0");
    return 1;
  }
  int64_t timeout_ms = timeout ? duration_ms(timeout) : 0;
  if (timeout_ms < 0) {
    say(stderr, "Error: invalid argument \"%s\" for \"--timeout\" flag: time: invalid duration \"%s\"", timeout, timeout);
    return 1;
  }
  if (!protocol) protocol = "tcp";
  snprintf(copy, sizeof copy, "%s", target);
  if (!split_host_port(copy, &host, &port)) {
    snprintf(why, sizeof why, "address %s: missing port in address", target);
    return connect_failed(strcmp(protocol, "tcp") == 0 ? "UNKNOWN" : "DNS", why);
  }
  if (resolve(host, &address, why, sizeof why) != 0) return connect_failed("DNS", why);
  address.sin6_port = htons((uint16_t)atoi(port));
  const char *shown = endpoint_text(&address);
  if (strcmp(protocol, "udp") == 0)
    return connect_datagram(&address, shown, (int)timeout_ms, udp_data ? udp_data : "hostname");
  if (strcmp(protocol, "sctp") == 0) 
    return connect_stream(&address, shown, (int)timeout_ms, sctp_data ? sctp_data : "hostname");
  if (strcmp(protocol, "tcp") == 0) return connect_stream(&address, shown, (int)timeout_ms, NULL);
  say(stderr, "Unsupported protocol\n%s", protocol);
  return 1;
}

/* ---- netexec ---- */

static bool datagrams_ready;

static ssize_t command_answer(const struct sockaddr_in6 *peer, const char *data, size_t length, char *out, size_t size) {
  char line[2048];
  size_t used = 0;
  for (size_t i = 0; i < length && used < sizeof line - 1; i++)
    line[used++] = data[i] >= 'A' && data[i] <= 'Z' ? (char)(data[i] + 32) : data[i];
  while (used > 0 && strchr(" \r\n\t", line[used - 1])) used--;
  line[used] = 0;
  if (strcmp(line, "hostname") == 0) {
    go_log("Sending udp hostName response");
    return snprintf(out, size, "%s", host_name());
  }
  if (strncmp(line, "echo ", 5) == 0) {
    go_log("Echoing %s to UDP client %s", line + 5, endpoint_text(peer));
    return snprintf(out, size, "%s", line + 5);
  }
  if (strcmp(line, "clientip") == 0) {
    go_log("Sending clientip back to UDP client %s", endpoint_text(peer));
    return snprintf(out, size, "%s", endpoint_text(peer));
  }
  if (used > 0) go_log("Unknown UDP command received from %s: %s", endpoint_text(peer), line);
  return -1;
}

static size_t sctp_received(struct conn *conn, const char *data, size_t length) {
  char out[2048];
  ssize_t answer = command_answer(&conn->peer, data, length, out, sizeof out);
  if (answer >= 0) conn_write(conn, out, (size_t)answer);
  conn_finish(conn);
  return length;
}

static ssize_t datagram_answer(int port, const struct sockaddr_in6 *peer, const char *data, size_t length, char *out,
                               size_t size) {
  (void)port;
  return command_answer(peer, data, length, out, size);
}

static const struct protocol sctp_protocol = {.received = sctp_received, .max_input = 4096, .idle_seconds = 60};

struct dialing {
  char host[256], port[16], request[1024], protocol[8];
  int tries;
};

static struct text dial_http(const struct sockaddr_in6 *address, const char *request, char *why, size_t why_size) {
  struct text all = {0}, body = {0};
  char part[4096];
  ssize_t got;
  int fd = dial(address, SOCK_STREAM, 0, 5000);
  if (fd < 0) {
    if (fd == -ETIMEDOUT)
      snprintf(why, why_size, "Get \"http://%s/%s\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
               endpoint_text(address), request);
    else
      snprintf(why, why_size, "Get \"http://%s/%s\": dial tcp %s: connect: %s", endpoint_text(address), request,
               endpoint_text(address), go_error(-fd));
    return body;
  }
  struct timeval patience = {5, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  text_print(&all, "GET /%s HTTP/1.0\r\nHost: %s\r\nUser-Agent: Go-http-client/1.1\r\n\r\n", request, endpoint_text(address));
  if (send(fd, all.data, all.length, MSG_NOSIGNAL) < 0) snprintf(why, why_size, "%s", strerror(errno));
  text_free(&all);
  while ((got = recv(fd, part, sizeof part, 0)) > 0 && all.length < 65536) text_add(&all, part, (size_t)got);
  close(fd);
  char *start = all.data ? strstr(all.data, "\r\n\r\n") : NULL;
  if (start) text_add(&body, start + 4, all.length - (size_t)(start + 4 - all.data));
  else snprintf(why, why_size, "Get \"http://%s/%s\": EOF", endpoint_text(address), request);
  text_free(&all);
  return body;
}

static struct text dial_packet(const struct sockaddr_in6 *address, const char *request, int ip_protocol, char *why,
                               size_t why_size) {
  struct text body = {0};
  char answer[2048];
  const char *name = ip_protocol == SCTP ? "sctp" : "udp";
  int fd = dial(address, ip_protocol == SCTP ? SOCK_STREAM : SOCK_DGRAM, ip_protocol, 5000);
  if (fd < 0) {
    snprintf(why, why_size, "%s dial failed. err:%s", name, strerror(-fd));
    return body;
  }
  struct timeval patience = {5, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ssize_t got = send(fd, request, strlen(request), MSG_NOSIGNAL) < 0 ? -1 : recv(fd, answer, sizeof answer, 0);
  if (got > 0) text_add(&body, answer, (size_t)got);
  else
    snprintf(why, why_size, "reading from %s connection failed. err:'%s'", name,
             errno == EAGAIN ? "i/o timeout" : strerror(errno));
  close(fd);
  return body;
}

/* Runs in a child: it may take five seconds for each try. */
static struct text dial_all(const struct dialing *dialing, const struct sockaddr_in6 *address) {
  struct text responses = {0}, errors = {0}, out = {0};
  for (int i = 0; i < dialing->tries; i++) {
    char why[2048] = "";
    struct text body = strcmp(dialing->protocol, "udp") == 0 ? dial_packet(address, dialing->request, 0, why, sizeof why)
                       : strcmp(dialing->protocol, "sctp") == 0
                           ? dial_packet(address, dialing->request, SCTP, why, sizeof why)
                           : dial_http(address, dialing->request, why, sizeof why);
    struct text *list = *why ? &errors : &responses;
    text_print(list, list->length > 0 ? "," : "");
    text_json(list, *why ? why : body.data, *why ? strlen(why) : body.length);
    text_free(&body);
  }
  text_print(&out, "{");
  if (errors.length > 0) text_print(&out, "\"errors\":[%s]", errors.data);
  if (responses.length > 0) text_print(&out, "%s\"responses\":[%s]", errors.length > 0 ? "," : "", responses.data);
  text_print(&out, "}");
  return out;
}

static void reply_from_child(struct conn *conn, struct request *request, int status, struct text *body) {
  conn->closing = false;
  request->keep_alive = false;
  http_text(conn, request, status, body->data ? body->data : "");
  if (send(conn->watch.fd, conn->out, conn->out_length, MSG_NOSIGNAL) >= 0) shutdown(conn->watch.fd, SHUT_WR);
  fflush(NULL);
  _exit(0);
}

static void handle_dial(struct conn *conn, struct request *request) {
  struct dialing dialing = {.tries = 1};
  struct sockaddr_in6 address;
  char tries[16], why[512], protocol[32];
  http_field(request, "host", dialing.host, sizeof dialing.host);
  http_field(request, "port", dialing.port, sizeof dialing.port);
  http_field(request, "request", dialing.request, sizeof dialing.request);
  http_field(request, "protocol", protocol, sizeof protocol);
  http_field(request, "tries", tries, sizeof tries);
  go_log("GET /dial?host=%s&protocol=%s&port=%s&request=%s&tries=%s", dialing.host, protocol, dialing.port,
         dialing.request, tries);
  if (*tries && (dialing.tries = atoi(tries)) <= 0) {
    http_text(conn, request, 400, "tries parameter is invalid.\n");
    return;
  }
  if (dialing.tries > 50) dialing.tries = 50;
  if (!*dialing.request) {
    http_text(conn, request, 400, "request parameter not specified. <nil>\n");
    return;
  }
  if (*protocol && strcasecmp(protocol, "http") != 0 && strcasecmp(protocol, "udp") != 0 && strcasecmp(protocol, "sctp") != 0) {
    snprintf(why, sizeof why, "unsupported protocol. %s\n", protocol);
    http_text(conn, request, 400, why);
    return;
  }
  for (size_t i = 0; protocol[i] && i < sizeof dialing.protocol - 1; i++) dialing.protocol[i] = (char)(protocol[i] | 32);
  if (!conn_hand_over(conn)) return;
  struct text out = {0};
  int status = 200;
  if (resolve(dialing.host, &address, why, sizeof why) != 0) {
    text_print(&out, "host and/or port param are invalid. %s\n", why);
    status = 400;
  } else {
    address.sin6_port = htons((uint16_t)atoi(dialing.port));
    out = dial_all(&dialing, &address);
  }
  reply_from_child(conn, request, status, &out);
}

static void handle_shell(struct conn *conn, struct request *request) {
  char command[4096];
  http_field(request, "shellCommand", command, sizeof command);
  if (!*command) http_field(request, "cmd", command, sizeof command);
  go_log("GET /shell?cmd=%s", command);
  if (!conn_hand_over(conn)) return;
  struct text output = {0}, body = {0};
  char part[4096];
  int ends[2], status = -1;
  signal(SIGCHLD, SIG_DFL);
  if (pipe(ends) == 0) {
    pid_t child = fork();
    if (child == 0) {
      dup2(ends[1], 1);
      dup2(ends[1], 2);
      close(ends[0]);
      close(ends[1]);
      execl("/bin/sh", "/bin/sh", "-c", command, (char *)NULL);
      _exit(127);
    }
    close(ends[1]);
    ssize_t got;
    while ((got = read(ends[0], part, sizeof part)) > 0 && output.length < 1 << 20) text_add(&output, part, (size_t)got);
    waitpid(child, &status, 0);
  }
  text_print(&body, "{");
  if (status != 0) {
    snprintf(part, sizeof part, "exit status %d", WEXITSTATUS(status));
    text_print(&body, "\"error\":");
    text_json(&body, part, strlen(part));
  }
  if (output.length > 0) {
    text_print(&body, "%s\"output\":", status != 0 ? "," : "");
    text_json(&body, output.data, output.length);
  }
  text_print(&body, "}");
  reply_from_child(conn, request, 200, &body);
}

static int exit_code;
static void exit_now(struct timer *timer) {
  (void)timer;
  exit(exit_code);
}

static void handle_exit(struct conn *conn, struct request *request) {
  static struct timer timer = {.fire = exit_now};
  char code[16], wait[32], timeout[32];
  http_field(request, "code", code, sizeof code);
  http_field(request, "wait", wait, sizeof wait);
  http_field(request, "timeout", timeout, sizeof timeout);
  go_log("GET /exit?code=%s&timeout=%s&wait=%s", code, timeout, wait);
  int64_t wait_ms = *wait ? duration_ms(wait) : 0;
  if (wait_ms < 0) {
    http_text(conn, request, 200, "argument 'wait' must be a valid golang duration or empty\n");
    return;
  }
  exit_code = atoi(code);
  go_log("Will begin shutdown in %s, then will exit with %d", *wait ? wait : "0s", exit_code);
  if (wait_ms == 0) exit(exit_code);
  timer_set(&timer, wait_ms);
  conn_pause(conn, true);
}

static void handle_echo(struct conn *conn, struct request *request) {
  char message[8192], code[16];
  http_field(request, "msg", message, sizeof message);
  http_field(request, "code", code, sizeof code);
  go_log("GET /echo?msg=%s&code=%s", message, code);
  int status = *code ? atoi(code) : 200;
  if (status < 200 || status > 599) {
    snprintf(message, sizeof message, "argument 'code' must be an integer or empty, got \"%s\"\n", code);
    status = 200;
  }
  http_text(conn, request, status, message);
}

static void handle_redirect(struct conn *conn, struct request *request) {
  char location[2048], code[16];
  struct text header = {0};
  http_field(request, "location", location, sizeof location);
  http_field(request, "code", code, sizeof code);
  go_log("%s /redirect?msg=%s&code=%s", request->method, location, code);
  location[strcspn(location, "\r\n")] = 0;
  text_print(&header, "Location: %s\r\n", location);
  http_reply(conn, request, (struct response){*code ? atoi(code) : 302, NULL, header.data, "", 0});
  text_free(&header);
}

static void netexec_handle(struct conn *conn, struct request *request) {
  const char *path = request->path;
  char text[256];
  if (strcmp(path, "/echo") == 0) handle_echo(conn, request);
  else if (strcmp(path, "/dial") == 0) handle_dial(conn, request);
  else if (strcmp(path, "/shell") == 0) handle_shell(conn, request);
  else if (strcmp(path, "/exit") == 0) handle_exit(conn, request);
  else if (strcmp(path, "/redirect") == 0) handle_redirect(conn, request);
  else if (strcmp(path, "/shutdown") == 0) {
    go_log("GET /shutdown");
    exit(0);
  } else if (strcmp(path, "/clientip") == 0) {
    go_log("GET /clientip");
    http_text(conn, request, 200, endpoint_text(&conn->peer));
  } else if (strcmp(path, "/serverport") == 0) {
    snprintf(text, sizeof text, "%d", ntohs(conn->local.sin6_port));
    go_log("GET /serverport");
    http_text(conn, request, 200, text);
  } else if (strcmp(path, "/healthz") == 0) {
    go_log("GET /healthz");
    http_text(conn, request, datagrams_ready ? 200 : 412, "");
  } else if (strcmp(path, "/header") == 0) {
    char key[128];
    http_field(request, "key", key, sizeof key);
    const char *value = http_header(request, key);
    go_log("GET /header?key=%s", key);
    http_text(conn, request, 200, value ? value : "");
  } else if (strcasecmp(path, "/hostname") == 0) {
    go_log("GET %s", path);
    http_text(conn, request, 200, host_name());
  } else {
    go_log("GET /");
    snprintf(text, sizeof text, "NOW: %s +0000 UTC", time_text("%Y-%m-%d %H:%M:%S.%9"));
    http_text(conn, request, 200, text);
  }
}

static const char *http_override;

/* Whatever is asked for, the answer is that to a GET of one path. */
static void override_handle(struct conn *conn, struct request *request) {
  struct request meant = *request;
  char get[] = "GET", *path = must(strdup(http_override)), *query = strchr(path, '?');
  if (query) *query++ = 0;
  meant.method = get;
  meant.path = path;
  meant.query = query ? query : path + strlen(path);
  meant.body = NULL;
  netexec_handle(conn, &meant);
  free(path);
}

static int netexec_main(int argc, char **argv) {
  static struct http_server server = {netexec_handle, NULL, NULL, NULL};
  http_override = option(argc, argv, "http-override");
  if (http_override && *http_override) server.handle = override_handle;
  delay_shutdown(option_number(argc, argv, "delay-shutdown", 0));
  int http_port = option_number(argc, argv, "http-port", 8080), udp_port = option_number(argc, argv, "udp-port", 8081);
  int sctp_port = option_number(argc, argv, "sctp-port", -1), error;
  if (option(argc, argv, "tls-cert-file")) {
    say(stderr, "This stand-in for agnhost has no TLS.");
    return 1;
  }
  if (udp_port != -1) {
    if ((error = udp_on(udp_port, datagram_answer))) {
      go_log("Error occurred: failed to create listener for UDP address :%d:%s", udp_port, strerror(error));
      return 1;
    }
    go_log("Started UDP server on port  %d", udp_port);
    datagrams_ready = true;
  }
  if (sctp_port != -1) {
    if ((error = listen_on(sctp_port, SCTP, &sctp_protocol, NULL)))
      go_log("SCTP port %d: %s (this machine's kernel decides)", sctp_port, strerror(error));
    else {
      go_log("Started SCTP server");
      datagrams_ready = true;
    }
  }
  go_log("Started HTTP server on port %d", http_port);
  if ((error = listen_on(http_port, 0, &http_protocol, &server))) {
    go_log("listen tcp :%d: bind: %s", http_port, strerror(error));
    return 1;
  }
  loop_run();
}

/* ---- serve-hostname, porter, test-webserver, liveness ---- */

static void hostname_opened(struct conn *conn) {
  conn_print(conn, "%s", host_name());
  conn_finish(conn);
}
static size_t ignore_input(struct conn *conn, const char *data, size_t length) {
  (void)conn, (void)data;
  return length;
}
static const struct protocol hostname_protocol = {.opened = hostname_opened, .received = ignore_input, .idle_seconds = 30};

static ssize_t hostname_answer(int port, const struct sockaddr_in6 *peer, const char *data, size_t length, char *out,
                               size_t size) {
  (void)port, (void)peer, (void)data, (void)length;
  return snprintf(out, size, "%s", host_name());
}

static bool closes;

static void hostname_handle(struct conn *conn, struct request *request) {
  if (closes) request->keep_alive = false;
  go_log("HTTP request from %s", endpoint_text(&conn->peer));
  http_text(conn, request, 200, host_name());
}

static bool is_on(int argc, char **argv, const char *name) {
  const char *value = option(argc, argv, name);
  return value && strcmp(value, "false") != 0;
}

static int serve_hostname_main(int argc, char **argv) {
  static struct http_server server = {hostname_handle, NULL, NULL, NULL};
  bool over_tcp = is_on(argc, argv, "tcp"), over_udp = is_on(argc, argv, "udp");
  closes = is_on(argc, argv, "close");
  int port = option_number(argc, argv, "port", 9376), error = 0;
  if (over_udp) error = udp_on(port, hostname_answer);
  if (!error && over_tcp) error = listen_on(port, 0, &hostname_protocol, NULL);
  if (!over_tcp && !over_udp) error = listen_on(port, 0, &http_protocol, &server);
  if (error) {
    go_log("Error: listen :%d: %s", port, strerror(error));
    return 1;
  }
  go_log("Serving on port %d.", port);
  loop_run();
}

static bool as_json;

/* What porter serves on a port of a protocol: `SERVE_PORT_80`, `SERVE_UDP_PORT_80`. */
static const char *porter_text(const char *prefix, int port) {
  char name[64];
  snprintf(name, sizeof name, "%s%d", prefix, port);
  return getenv(name);
}

static void porter_handle(struct conn *conn, struct request *request) {
  int port = ntohs(conn->local.sin6_port);
  struct text out = {0};
  const char *value = porter_text("SERVE_PORT_", port);
  if (!value) value = porter_text("SERVE_TCP_PORT_", port);
  if (!value) value = "";
  if (!as_json) {
    http_text(conn, request, 200, value);
    return;
  }
  text_print(&out, "{\"Method\":");
  text_json(&out, request->method, strlen(request->method));
  text_print(&out, ",\"Body\":");
  text_json(&out, value, strlen(value));
  text_print(&out, "}");
  http_reply(conn, request, (struct response){200, "application/json", NULL, out.data, out.length});
  text_free(&out);
}

static void sctp_porter_opened(struct conn *conn) {
  const char *value = porter_text("SERVE_SCTP_PORT_", ntohs(conn->local.sin6_port));
  conn_print(conn, "%s", value ? value : "");
  conn_finish(conn);
}

static ssize_t porter_datagram(int port, const struct sockaddr_in6 *peer, const char *data, size_t length, char *out,
                               size_t size) {
  (void)peer, (void)data, (void)length;
  const char *value = porter_text("SERVE_UDP_PORT_", port);
  return snprintf(out, size, "%s", value ? value : "");
}

static int porter_main(int argc, char **argv) {
  static struct http_server server = {porter_handle, NULL, NULL, NULL};
  static const struct protocol sctp = {.opened = sctp_porter_opened, .received = ignore_input, .idle_seconds = 30};
  extern char **environ;
  as_json = is_on(argc, argv, "json-response");
  for (char **variable = environ; *variable; variable++) {
    int port = 0, error = 0;
    if (sscanf(*variable, "SERVE_PORT_%d=", &port) == 1 || sscanf(*variable, "SERVE_TCP_PORT_%d=", &port) == 1)
      error = listen_on(port, 0, &http_protocol, &server);
    else if (sscanf(*variable, "SERVE_UDP_PORT_%d=", &port) == 1) error = udp_on(port, porter_datagram);
    else if (sscanf(*variable, "SERVE_SCTP_PORT_%d=", &port) == 1) error = listen_on(port, SCTP, &sctp, NULL);
    else if (sscanf(*variable, "SERVE_TLS_PORT_%d=", &port) == 1) error = EPROTONOSUPPORT;
    else continue;
    if (error) go_log("server on port \"%d\" failed: %s", port, strerror(error));
  }
  loop_run();
}

static void files_handle(struct conn *conn, struct request *request) {
  char *body = NULL;
  size_t length = 0;
  bool redirect;
  int status = http_file("/", request->path, &body, &length, &redirect);
  if (body) http_reply(conn, request, (struct response){200, http_type_of(request->path), NULL, body, length});
  else http_text(conn, request, redirect ? 404 : status, "404 page not found\n");
  free(body);
}

static int test_webserver_main(int argc, char **argv) {
  static struct http_server server = {files_handle, NULL, NULL, NULL};
  int port = option_number(argc, argv, "port", 80), error = listen_on(port, 0, &http_protocol, &server);
  if (error) {
    go_log("listen tcp :%d: bind: %s", port, strerror(error));
    return 1;
  }
  loop_run();
}

static int64_t started_ms;
static void liveness_handle(struct conn *conn, struct request *request) {
  int64_t age = now_ms() - started_ms;
  char text[64];
  bool health = strcmp(request->path, "/healthz") == 0;
  if (health && age > 10000) snprintf(text, sizeof text, "error: %.3fs", (double)age / 1000);
  else snprintf(text, sizeof text, health ? "ok" : "%.3fs", (double)age / 1000);
  http_text(conn, request, health && age > 10000 ? 500 : 200, text);
}
static int liveness_main(int argc, char **argv) {
  static struct http_server server = {liveness_handle, NULL, NULL, NULL};
  (void)argc, (void)argv;
  started_ms = now_ms();
  if (listen_on(8080, 0, &http_protocol, &server)) return 1;
  loop_run();
}

/* ---- small ones ---- */

static int pause_main(int argc, char **argv) {
  (void)argc, (void)argv;
  say(stdout, "Paused");
  loop_run();
}

static int entrypoint_main(int argc, char **argv) {
  printf("[%s", "/agnhost entrypoint-tester");
  for (int i = 1; i < argc; i++) printf(" %s", argv[i]);
  printf("]\n");
  return 0;
}

/* Words after a key of resolv.conf, joined with commas. The last `search` line counts. */
static int resolv_main(const char *key) {
  char *all = read_file("/etc/resolv.conf", NULL, 65536), *rest = all, *line;
  struct text out = {0};
  text_add(&out, "", 0);
  while (all && (line = strsep(&rest, "\n"))) {
    char *word = strtok(line, " \t");
    if (!word || strcmp(word, key) != 0) continue;
    if (strcmp(key, "search") == 0) text_free(&out);
    while ((word = strtok(NULL, " \t"))) text_print(&out, "%s%s", out.length > 0 ? "," : "", word);
  }
  say(stdout, "%s", out.data ? out.data : "");
  free(all);
  return 0;
}
static int dns_suffix_main(int argc, char **argv) {
  (void)argc, (void)argv;
  return resolv_main("search");
}
static int dns_servers_main(int argc, char **argv) {
  (void)argc, (void)argv;
  return resolv_main("nameserver");
}
static int etc_hosts_main(int argc, char **argv) {
  (void)argc, (void)argv;
  char *all = read_file("/etc/hosts", NULL, 1 << 20);
  printf("%s\n", all ? all : "");
  return all ? 0 : 1;
}

static int lines_total, lines_written;
static int64_t line_every_us;

static void write_lines(struct timer *timer) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789", *const methods[] = {"GET", "PUT", "POST", "DELETE"};
  int64_t due = line_every_us > 0 ? (now_ms() - started_ms) * 1000 / line_every_us + 1 : lines_total;
  while (lines_written < lines_total && lines_written < due) {
    char word[8] = "";
    for (int i = 0; i < 4; i++) word[i] = letters[(unsigned)rand() % (sizeof letters - 1)];
    say(stdout, "I%s       1 logs_generator.go:76] %d %s /api/v1/namespaces/%s/pods/%s %d", time_text("%m%d %H:%M:%S.%6"),
        lines_written, methods[lines_written % 4], lines_written % 2 ? "default" : "kube-system", word, 200 + rand() % 400);
    lines_written++;
  }
  if (lines_written == lines_total) exit(0);
  timer_set(timer, line_every_us > 1000 ? line_every_us / 1000 : 1);
}

static int logs_generator_main(int argc, char **argv) {
  static struct timer timer = {.fire = write_lines};
  const char *duration = option(argc, argv, "run-duration");
  if (!duration) duration = option(argc, argv, "d");
  lines_total = option_number(argc, argv, "log-lines-total", option_number(argc, argv, "t", 0));
  int64_t ms = duration ? duration_ms(duration) : -1;
  if (lines_total <= 0 || ms < 0) {
    say(stderr, "Invalid total number of lines or run duration");
    return 1;
  }
  srand((unsigned)now_ms());
  line_every_us = ms * 1000 / lines_total;
  started_ms = now_ms();
  timer_set(&timer, 0);
  loop_run();
}

static const struct role subcommands[] = {{"connect", connect_main},
                                          {"netexec", netexec_main},
                                          {"serve-hostname", serve_hostname_main},
                                          {"porter", porter_main},
                                          {"test-webserver", test_webserver_main},
                                          {"liveness", liveness_main},
                                          {"pause", pause_main},
                                          {"entrypoint-tester", entrypoint_main},
                                          {"dns-suffix", dns_suffix_main},
                                          {"dns-server-list", dns_servers_main},
                                          {"etc-hosts", etc_hosts_main},
                                          {"nettest", nettest_main},
                                          {"logs-generator", logs_generator_main},
                                          {0}};

static int agnhost_main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "--version") == 0) {
    say(stdout, "agnhost version 2.53 (stand-in)");
    return 0;
  }
  for (const struct role *role = subcommands; argc > 1 && role->name; role++)
    if (strcmp(argv[1], role->name) == 0) return role->main(argc - 1, argv + 1);
  if (argc > 1 && strcmp(argv[1], "help") != 0 && strcmp(argv[1], "--help") != 0) {
    say(stderr, "Error: unknown command \"%s\" for this stand-in of \"agnhost\"", argv[1]);
    return 1;
  }
  say(stdout, "agnhost (stand-in). Commands:");
  for (const struct role *role = subcommands; role->name; role++) say(stdout, "  %s", role->name);
  return 0;
}

const struct role agnhost_roles[] = {{"agnhost", agnhost_main}, {0}};
