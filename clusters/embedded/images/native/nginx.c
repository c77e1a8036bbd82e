/* Stands in for nginx: the directives that small examples use; any other is refused in plain words. */
#include "standin.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdarg.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <unistd.h>

#define VERSION "1.27.4"
#define HTML "/usr/share/nginx/html"
#define MAIN_CONFIG "/etc/nginx/nginx.conf"
enum { MAX_PORTS = 16, MAX_NAMES = 8, MAX_HEADERS = 16 };

struct location {
  const char *path;
  bool exact;
  const char *root, *alias, *type;
  int return_status;
  const char *return_text;
  struct upstream *upstream;
  struct proxy_header proxy_headers[MAX_HEADERS + 1];
  struct proxy_header added[MAX_HEADERS + 1];
  bool autoindex;
  struct location *next;
};
struct virtual_server {
  int ports[MAX_PORTS], port_count;
  bool default_for[MAX_PORTS];
  const char *names[MAX_NAMES];
  int name_count;
  struct location base, *locations;
  struct virtual_server *next;
};

static struct virtual_server *servers;
static int listening[MAX_PORTS], listening_count;

static const char WELCOME[] =
    "<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n"
    "<style>body { width: 35em; margin: 0 auto; font-family: sans-serif; }</style>\n</head>\n<body>\n"
    "<h1>Welcome to nginx!</h1>\n"
    "<p>This page comes from a small web server that stands in for nginx in this cluster. You can reach it, so\n"
    "the network between you and this pod is open on this port.</p>\n</body>\n</html>\n";

static void log_error(const char *level, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void log_error(const char *level, const char *format, ...) {
  va_list arguments;
  struct text line = {0};
  char *message;
  va_start(arguments, format);
  if (vasprintf(&message, format, arguments) < 0) must(NULL);
  va_end(arguments);
  text_print(&line, "%s [%s] %d#%d: %s\n", time_text("%Y/%m/%d %H:%M:%S"), level, (int)getpid(), (int)getpid(), message);
  if (write(STDERR_FILENO, line.data, line.length) < 0) return;
  free(message);
  text_free(&line);
}

/* ---- configuration ---- */

struct build {
  char why[512];
};

static bool wrong(struct build *build, struct directive *directive, const char *problem) {
  snprintf(build->why, sizeof build->why, "%s in %s:%d", problem, directive->file, directive->line);
  return false;
}

static bool unknown(struct build *build, struct directive *directive) {
  char problem[256];
  snprintf(problem, sizeof problem, "directive \"%s\" is not known to this stand-in for nginx", directive->words[0]);
  return wrong(build, directive, problem);
}

/* What changes nothing about a small answer. */
static bool is_harmless(const char *name) {
  static const char *const names[] = {"access_log", "error_log", "sendfile", "tcp_nopush", "tcp_nodelay",
                                      "keepalive_timeout", "keepalive_requests", "gzip", "gzip_types", "charset",
                                      "client_max_body_size", "proxy_http_version", "proxy_buffering",
                                      "proxy_read_timeout", "proxy_send_timeout", "proxy_redirect", "index",
                                      "server_tokens", "try_files", "error_page", "internal", "types_hash_max_size",
                                      "log_format", "default_type_hash", "worker_processes", "user", "pid",
                                      "worker_connections", "worker_rlimit_nofile", "resolver", "etag", "expires",
                                      "log_not_found", "types", "client_body_timeout", "client_header_timeout",
                                      "send_timeout", "multi_accept", "use", "daemon", "absolute_redirect"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(names[i], name) == 0) return true;
  return false;
}

static bool add_header(struct proxy_header *list, const char *name, const char *value) {
  for (int i = 0; i < MAX_HEADERS; i++)
    if (!list[i].name[0]) {
      snprintf(list[i].name, sizeof list[i].name, "%s", name);
      list[i].value = value;
      return true;
    }
  return false;
}

static bool read_upstream(struct build *build, struct directive *directive, struct location *location) {
  char host[256], why[300], *name, *port;
  const char *url = directive->words[1];
  if (strncmp(url, "http://", 7) != 0) return wrong(build, directive, "proxy_pass: this stand-in speaks plain http:// only");
  url += 7;
  size_t length = strcspn(url, "/");
  struct upstream *upstream = must(calloc(1, sizeof *upstream));
  snprintf(upstream->host, sizeof upstream->host, "%.*s", (int)length, url);
  snprintf(upstream->path, sizeof upstream->path, "%s", url + length);
  snprintf(host, sizeof host, "%.*s", (int)length, url);
  if (!split_host_port(host, &name, &port)) {
    name = host;
    port = "80";
  }
  if (resolve(name, &upstream->address, why, sizeof why) != 0) {
    snprintf(why, sizeof why, "host not found in upstream \"%s\"", name);
    return wrong(build, directive, why);
  }
  upstream->address.sin6_port = htons((uint16_t)atoi(port));
  upstream->connect_ms = 60000;
  location->upstream = upstream;
  return true;
}

static bool read_location(struct build *build, struct directive *list, struct location *location);

static bool read_location_directive(struct build *build, struct directive *directive, struct location *location) {
  const char *name = directive->words[0];
  char **words = directive->words;
  int count = directive->word_count;
  if (strcmp(name, "return") == 0 && count >= 2) {
    location->return_status = atoi(words[1]);
    location->return_text = count > 2 ? words[2] : NULL;
    if (location->return_status == 0) {
      location->return_status = 302;
      location->return_text = words[1];
    }
  } else if (strcmp(name, "root") == 0 && count == 2) location->root = words[1];
  else if (strcmp(name, "alias") == 0 && count == 2) location->alias = words[1];
  else if (strcmp(name, "default_type") == 0 && count == 2) location->type = words[1];
  else if (strcmp(name, "add_header") == 0 && count >= 3) return add_header(location->added, words[1], words[2]);
  else if (strcmp(name, "proxy_set_header") == 0 && count == 3)
    return add_header(location->proxy_headers, words[1], words[2]);
  else if (strcmp(name, "proxy_pass") == 0 && count == 2) return read_upstream(build, directive, location);
  else if (strcmp(name, "proxy_connect_timeout") == 0 && count == 2) {
    if (location->upstream && duration_ms(words[1]) > 0) location->upstream->connect_ms = (int)duration_ms(words[1]);
  } else if (strcmp(name, "autoindex") == 0) location->autoindex = false;
  else if (!is_harmless(name)) return unknown(build, directive);
  return true;
}

static bool read_location(struct build *build, struct directive *list, struct location *location) {
  for (struct directive *d = list; d; d = d->next)
    if (!read_location_directive(build, d, location)) return false;
  return true;
}

static bool read_listen(struct build *build, struct directive *directive, struct virtual_server *server) {
  char *word = directive->words[1], *colon = strrchr(word, ':');
  bool closed_bracket = *word == '[' && word[strlen(word) - 1] == ']';
  const char *digits = colon && !closed_bracket ? colon + 1 : word;
  int port = closed_bracket || strncmp(word, "unix:", 5) == 0 ? 80 : atoi(digits);
  if (port <= 0) port = 80;
  for (int i = 2; i < directive->word_count; i++)
    if (strcmp(directive->words[i], "ssl") == 0) return wrong(build, directive, "listen ... ssl: this stand-in has no TLS");
  for (int i = 0; i < server->port_count; i++)
    if (server->ports[i] == port) return true;
  if (server->port_count == MAX_PORTS) return wrong(build, directive, "too many ports for this stand-in");
  for (int i = 2; i < directive->word_count; i++)
    if (strcmp(directive->words[i], "default_server") == 0) server->default_for[server->port_count] = true;
  server->ports[server->port_count++] = port;
  return true;
}

static bool read_server(struct build *build, struct directive *list, struct virtual_server *server) {
  server->base = (struct location){.path = "/", .root = HTML};
  for (struct directive *d = list; d; d = d->next) {
    const char *name = d->words[0];
    if (strcmp(name, "listen") == 0 && d->word_count >= 2) {
      if (!read_listen(build, d, server)) return false;
    } else if (strcmp(name, "server_name") == 0) {
      for (int i = 1; i < d->word_count && server->name_count < MAX_NAMES; i++)
        server->names[server->name_count++] = d->words[i];
    } else if (strcmp(name, "location") != 0 && !read_location_directive(build, d, &server->base)) return false;
  }
  if (server->port_count == 0) server->ports[server->port_count++] = 80;
  for (struct directive *d = list; d; d = d->next) {
    if (strcmp(d->words[0], "location") != 0) continue;
    struct location *location = must(calloc(1, sizeof *location));
    // What the server says holds in its locations unless they say otherwise.
    *location = server->base;
    location->return_status = 0;
    location->upstream = NULL;
    location->next = server->locations;
    server->locations = location;
    if (d->word_count == 2) location->path = d->words[1];
    else if (d->word_count == 3 && (strcmp(d->words[1], "=") == 0 || strcmp(d->words[1], "^~") == 0)) {
      location->path = d->words[2];
      location->exact = strcmp(d->words[1], "=") == 0;
    } else return wrong(build, d, "location with a pattern: this stand-in knows prefixes and \"=\" only");
    if (!read_location(build, d->block, location)) return false;
  }
  return true;
}

static bool read_http(struct build *build, struct directive *list, struct virtual_server **tail) {
  for (struct directive *d = list; d; d = d->next) {
    const char *name = d->words[0];
    if (strcmp(name, "http") == 0 && d->has_block) {
      if (!read_http(build, d->block, tail)) return false;
      while (*tail) tail = &(*tail)->next;
    } else if (strcmp(name, "server") == 0 && d->has_block) {
      *tail = must(calloc(1, sizeof **tail));
      if (!read_server(build, d->block, *tail)) return false;
      tail = &(*tail)->next;
    } else if (strcmp(name, "events") != 0 && strcmp(name, "default_type") != 0 && !is_harmless(name))
      return unknown(build, d);
  }
  return true;
}

/* The old configuration is not freed: requests may still use it, and reloads are rare. */
static bool load(char *why, size_t why_size) {
  struct build build = {""};
  struct virtual_server *fresh = NULL;
  const char *path = access(MAIN_CONFIG, R_OK) == 0 ? MAIN_CONFIG : NULL;
  struct directive *config = NULL;
  *why = 0;
  if (path) config = config_read(path, why, why_size);
  if (path && !config && *why) return false;
  if (!read_http(&build, config, &fresh)) {
    snprintf(why, why_size, "%s", build.why);
    return false;
  }
  if (!path) {
    fresh = must(calloc(1, sizeof *fresh));
    fresh->ports[fresh->port_count++] = 80;
    fresh->base = (struct location){.path = "/", .root = HTML};
  }
  servers = fresh;
  return true;
}

/* ---- requests ---- */

static struct virtual_server *find_server(int port, const char *host) {
  struct virtual_server *first = NULL, *chosen = NULL;
  size_t length = host ? strcspn(host, ":") : 0;
  for (struct virtual_server *server = servers; server; server = server->next)
    for (int i = 0; i < server->port_count; i++) {
      if (server->ports[i] != port) continue;
      if (!first) first = server;
      if (server->default_for[i] && !chosen) chosen = server;
      for (int n = 0; n < server->name_count; n++)
        if (strlen(server->names[n]) == length && strncasecmp(server->names[n], host, length) == 0) return server;
    }
  return chosen ? chosen : first;
}

static struct location *find_location(struct virtual_server *server, const char *path) {
  struct location *best = &server->base;
  size_t best_length = 0;
  for (struct location *location = server->locations; location; location = location->next) {
    size_t length = strlen(location->path);
    if (location->exact && strcmp(location->path, path) == 0) return location;
    if (!location->exact && length >= best_length && strncmp(location->path, path, length) == 0) {
      best = location;
      best_length = length;
    }
  }
  return best;
}

static void put_variable(struct text *out, const char *name, size_t length, struct conn *conn, struct request *request) {
  char key[64];
  snprintf(key, sizeof key, "%.*s", (int)length, name);
  const char *host = http_header(request, "Host");
  if (strcmp(key, "hostname") == 0) text_print(out, "%s", host_name());
  else if (strcmp(key, "host") == 0) text_print(out, "%.*s", host ? (int)strcspn(host, ":") : 0, host ? host : "");
  else if (strcmp(key, "http_host") == 0) text_print(out, "%s", host ? host : "");
  else if (strcmp(key, "remote_addr") == 0) text_print(out, "%s", address_text(&conn->peer));
  else if (strcmp(key, "remote_port") == 0) text_print(out, "%d", ntohs(conn->peer.sin6_port));
  else if (strcmp(key, "server_addr") == 0) text_print(out, "%s", address_text(&conn->local));
  else if (strcmp(key, "server_port") == 0) text_print(out, "%d", ntohs(conn->local.sin6_port));
  else if (strcmp(key, "request_uri") == 0) text_print(out, "%s", request->target);
  else if (strcmp(key, "uri") == 0) text_print(out, "%s", request->path);
  else if (strcmp(key, "args") == 0 || strcmp(key, "query_string") == 0) text_print(out, "%s", request->query);
  else if (strcmp(key, "request_method") == 0) text_print(out, "%s", request->method);
  else if (strcmp(key, "scheme") == 0) text_print(out, "http");
  else if (strcmp(key, "nginx_version") == 0) text_print(out, "%s", VERSION);
  else if (strcmp(key, "proxy_add_x_forwarded_for") == 0) {
    const char *before = http_header(request, "X-Forwarded-For");
    text_print(out, "%s%s%s", before ? before : "", before ? ", " : "", address_text(&conn->peer));
  } else if (strncmp(key, "http_", 5) == 0) {
    for (char *c = key; *c; c++)
      if (*c == '_') *c = '-';
    const char *value = http_header(request, key + 5);
    text_print(out, "%s", value ? value : "");
  }
}

static char *expand(const char *text, struct conn *conn, struct request *request) {
  struct text out = {0};
  text_add(&out, "", 0);
  while (*text) {
    size_t plain = strcspn(text, "$");
    text_add(&out, text, plain);
    text += plain;
    if (!*text) break;
    bool braces = text[1] == '{';
    text += braces ? 2 : 1;
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    put_variable(&out, text, length, conn, request);
    text += length + (braces && text[length] == '}');
  }
  return out.data;
}

static void error_body(int status, char *out, size_t size) {
  snprintf(out, size,
           "<html>\r\n<head><title>%d %s</title></head>\r\n<body>\r\n<center><h1>%d %s</h1></center>\r\n"
           "<hr><center>nginx/" VERSION "</center>\r\n</body>\r\n</html>\r\n",
           status, http_reason(status), status, http_reason(status));
}

static void log_access(struct conn *conn, struct request *request, int status, size_t length) {
  struct text line = {0};
  static const char *const names[] = {"Referer", "User-Agent", "X-Forwarded-For"};
  text_print(&line, "%s - - [%s] \"", address_text(&conn->peer), time_text("%d/%b/%Y:%H:%M:%S +0000"));
  if (*request->target) text_print(&line, "%s %s HTTP/1.%d", request->method, request->target, request->minor);
  text_print(&line, "\" %d %zu", status, length);
  for (size_t i = 0; i < 3; i++) {
    const char *value = http_header(request, names[i]);
    text_print(&line, " \"%s\"", value ? value : "-");
  }
  say(stdout, "%s", line.data);
  text_free(&line);
}

static void reply_error(struct conn *conn, struct request *request, int status, const char *extra) {
  char body[512];
  error_body(status, body, sizeof body);
  http_reply(conn, request, (struct response){status, "text/html", extra, body, strlen(body)});
}

static void reply_return(struct conn *conn, struct request *request, struct location *location, const char *extra) {
  int status = location->return_status;
  if (status == 444) {
    conn_finish(conn);
    return;
  }
  char *text = expand(location->return_text ? location->return_text : "", conn, request);
  bool moves = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  if (moves) {
    struct text headers = {0};
    text_print(&headers, "%sLocation: %s\r\n", extra, text);
    reply_error(conn, request, status, headers.data);
    text_free(&headers);
  } else if (!*text && status >= 300) reply_error(conn, request, status, extra);
  else
    http_reply(conn, request,
               (struct response){status, location->type ? location->type : "text/plain", extra, text, strlen(text)});
  free(text);
}

static void reply_proxied(struct conn *conn, struct request *request, struct location *location) {
  struct proxy_header headers[MAX_HEADERS + 1] = {0};
  struct text target = {0};
  size_t length;
  char why[256] = "";
  if (!conn_hand_over(conn)) return;
  conn->closing = false;
  for (int i = 0; location->proxy_headers[i].name[0]; i++) {
    headers[i] = location->proxy_headers[i];
    headers[i].value = expand(headers[i].value, conn, request);
  }
  const char *path = location->upstream->path;
  if (*path) text_print(&target, "%s%s", path, request->target + strlen(location->path));
  else text_print(&target, "%s", request->target);
  int status = proxy_request(conn, request, location->upstream, target.data, headers, &length, why, sizeof why);
  if (*why) {
    log_error("error", "*1 %s, client: %s, request: \"%s %s HTTP/1.%d\", upstream: \"http://%s%s\"", why,
              address_text(&conn->peer), request->method, request->target, request->minor, location->upstream->host,
              target.data);
    request->keep_alive = false;
    reply_error(conn, request, status, NULL);
    if (send(conn->watch.fd, conn->out, conn->out_length, MSG_NOSIGNAL) < 0) _exit(1);
  } else log_access(conn, request, status, length);
  fflush(stdout);
  shutdown(conn->watch.fd, SHUT_WR);
  _exit(0);
}

static void reply_file(struct conn *conn, struct request *request, struct location *location, const char *extra) {
  char *body = NULL;
  size_t length = 0;
  bool redirect;
  bool is_page = strcmp(request->path, "/") == 0 || strcmp(request->path, "/index.html") == 0;
  // In a sandbox that has no such folder (read-only root), the image's page is there all the same.
  if (is_page && !location->alias && strcmp(location->root, HTML) == 0 && access(HTML, F_OK) != 0) {
    http_reply(conn, request, (struct response){200, "text/html", extra, WELCOME, sizeof WELCOME - 1});
    return;
  }
  const char *path = request->path, *root = location->root;
  if (location->alias) {
    root = location->alias;
    path += strlen(location->path) - (location->path[strlen(location->path) - 1] == '/' ? 1 : 0);
  }
  if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
    reply_error(conn, request, 405, extra);
    return;
  }
  int status = http_file(root, path, &body, &length, &redirect);
  if (redirect) {
    const char *host = http_header(request, "Host");
    struct text headers = {0};
    text_print(&headers, "%sLocation: http://%s%s/\r\n", extra, host ? host : address_text(&conn->local), request->path);
    reply_error(conn, request, 301, headers.data);
    text_free(&headers);
  } else if (body) {
    bool folder = path[strlen(path) - 1] == '/';
    const char *type = folder ? "text/html" : http_type_of(path);
    if (!folder && !strrchr(path, '.') && location->type) type = location->type;
    http_reply(conn, request, (struct response){200, type, extra, body, length});
    free(body);
  } else {
    if (status == 404)
      log_error("error",
                "*1 open() \"%s%s\" failed (2: No such file or directory), client: %s, server: localhost, request: "
                "\"%s %s HTTP/1.%d\"",
                root, path, address_text(&conn->peer), request->method, request->target, request->minor);
    else if (status == 403)
      log_error("error", "*1 directory index of \"%s%s\" is forbidden, client: %s", root, path,
                address_text(&conn->peer));
    reply_error(conn, request, status, extra);
  }
}

static void handle(struct conn *conn, struct request *request) {
  struct virtual_server *server = find_server(ntohs(conn->local.sin6_port), http_header(request, "Host"));
  if (!server) {
    conn_finish(conn);
    return;
  }
  struct location *location = server->base.return_status ? &server->base : find_location(server, request->path);
  struct text extra = {0};
  text_add(&extra, "", 0);
  for (int i = 0; location->added[i].name[0]; i++) {
    char *value = expand(location->added[i].value, conn, request);
    text_print(&extra, "%s: %s\r\n", location->added[i].name, value);
    free(value);
  }
  if (location->return_status) reply_return(conn, request, location, extra.data);
  else if (location->upstream) reply_proxied(conn, request, location);
  else reply_file(conn, request, location, extra.data);
  text_free(&extra);
}

static struct http_server web = {handle, log_access, "nginx/" VERSION, error_body};

/* ---- life ---- */

static bool listen_all(bool fatal) {
  for (struct virtual_server *server = servers; server; server = server->next)
    for (int i = 0; i < server->port_count; i++) {
      bool known = false;
      for (int k = 0; k < listening_count; k++) known |= listening[k] == server->ports[i];
      if (known || listening_count == MAX_PORTS) continue;
      int error = listen_on(server->ports[i], 0, &http_protocol, &web);
      if (error) {
        log_error("emerg", "bind() to 0.0.0.0:%d failed (%d: %s)", server->ports[i], error, strerror(error));
        if (fatal) return false;
      } else listening[listening_count++] = server->ports[i];
    }
  return true;
}

/* The image's own page, where the folder is the image's own: a volume mounted there is left as it is. */
static void put_welcome_page(void) {
  struct stat page, above;
  if (stat(HTML, &page) != 0 || stat(HTML "/index.html", &above) == 0) return;
  DIR *folder = opendir(HTML);
  struct dirent *entry;
  bool empty = folder != NULL;
  while (folder && (entry = readdir(folder))) empty &= entry->d_name[0] == '.';
  if (folder) closedir(folder);
  // A bind mount shows part of another file system; the sandbox's own scratch folder shows all of a small one.
  char *mounts = read_file("/proc/self/mountinfo", NULL, 1 << 20);
  bool own = mounts && strstr(mounts, " / " HTML " ");
  free(mounts);
  FILE *file = empty && own ? fopen(HTML "/index.html", "we") : NULL;
  if (!file) return;
  fputs(WELCOME, file);
  fclose(file);
}

static void on_signal(int signal) {
  char why[512];
  if (signal == SIGWINCH) return;
  if (signal != SIGHUP) {
    log_error("notice", "signal %d (%s) received, exiting", signal, signal == SIGQUIT ? "SIGQUIT" : signal == SIGINT ? "SIGINT" : "SIGTERM");
    log_error("notice", "exit");
    exit(0);
  }
  log_error("notice", "signal 1 (SIGHUP) received, reconfiguring");
  if (load(why, sizeof why)) listen_all(false);
  else log_error("emerg", "%s", why);
}

static int control(const char *command) {
  static const struct {
    const char *name;
    int signal;
  } commands[] = {{"reload", SIGHUP}, {"stop", SIGTERM}, {"quit", SIGQUIT}};
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (strcmp(commands[i].name, command) == 0) {
      char *text = read_file("/run/nginx.pid", NULL, 64);
      pid_t pid = text ? atoi(text) : 1;
      free(text);
      return kill(pid, commands[i].signal) == 0 ? 0 : 1;
    }
  say(stderr, "nginx: invalid option: \"-s %s\"", command);
  return 1;
}

static int nginx_main(int argc, char **argv) {
  char why[512];
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "-v") == 0 || strcmp(argv[i], "-V") == 0) {
      say(stderr, "nginx version: nginx/" VERSION " (stand-in)");
      return 0;
    }
    if (strcmp(argv[i], "-s") == 0 && i + 1 < argc) return control(argv[i + 1]);
  }
  bool loaded = load(why, sizeof why);
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], "-t") == 0) {
      if (!loaded) say(stderr, "nginx: [emerg] %s", why);
      else say(stderr, "nginx: the configuration file " MAIN_CONFIG " syntax is ok");
      say(stderr, "nginx: configuration file " MAIN_CONFIG " test %s", loaded ? "is successful" : "failed");
      return loaded ? 0 : 1;
    }
  if (!loaded) {
    log_error("emerg", "%s", why);
    say(stderr, "nginx: [emerg] %s", why);
    return 1;
  }
  put_welcome_page();
  if (!listen_all(true)) return 1;
  FILE *pid = fopen("/run/nginx.pid", "we");
  if (pid) {
    fprintf(pid, "%d\n", (int)getpid());
    fclose(pid);
  }
  log_error("notice", "nginx/" VERSION);
  log_error("notice", "start worker processes");
  loop_on_signal(on_signal);
  loop_run();
}

/* ---- httpd ---- */

#define HTDOCS "/usr/local/apache2/htdocs"

static void httpd_error(int status, char *out, size_t size) {
  snprintf(out, size,
           "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>%d %s</title>\n</head><body>\n"
           "<h1>%s</h1>\n</body></html>\n",
           status, http_reason(status), http_reason(status));
}

static void httpd_log(struct conn *conn, struct request *request, int status, size_t length) {
  say(stdout, "%s - - [%s] \"%s %s HTTP/1.%d\" %d %zu", address_text(&conn->peer),
      time_text("%d/%b/%Y:%H:%M:%S +0000"), request->method, request->target, request->minor, status, length);
}

static void httpd_handle(struct conn *conn, struct request *request) {
  static const char page[] = "<html><body><h1>It works!</h1></body></html>\n";
  char *body = NULL, error[512];
  size_t length = 0;
  bool redirect;
  int status = http_file(HTDOCS, request->path, &body, &length, &redirect);
  bool is_root = strcmp(request->path, "/") == 0 || strcmp(request->path, "/index.html") == 0;
  if (body) {
    bool folder = request->path[strlen(request->path) - 1] == '/';
    http_reply(conn, request, (struct response){200, folder ? "text/html" : http_type_of(request->path), NULL, body, length});
    free(body);
  } else if (is_root && access(HTDOCS, F_OK) != 0)
    http_reply(conn, request, (struct response){200, "text/html", NULL, page, sizeof page - 1});
  else {
    httpd_error(status, error, sizeof error);
    http_reply(conn, request, (struct response){status, "text/html; charset=iso-8859-1", NULL, error, strlen(error)});
  }
}

static struct http_server apache = {httpd_handle, httpd_log, "Apache/2.4.63 (Unix)", httpd_error};

static void httpd_signal(int signal) {
  if (signal == SIGHUP) return;
  say(stderr, "[%s] [mpm_event:notice] AH00491: caught SIGTERM, shutting down", time_text("%a %b %d %H:%M:%S.%6"));
  exit(0);
}

static int httpd_main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "-v") == 0) {
    say(stdout, "Server version: Apache/2.4.63 (Unix) (stand-in)");
    return 0;
  }
  int error = listen_on(80, 0, &http_protocol, &apache);
  if (error) {
    say(stderr, "(%d)%s: AH00072: make_sock: could not bind to address 0.0.0.0:80", error, strerror(error));
    return 1;
  }
  say(stderr, "[%s] [mpm_event:notice] AH00489: Apache/2.4.63 (Unix) configured -- resuming normal operations",
      time_text("%a %b %d %H:%M:%S.%6"));
  loop_on_signal(httpd_signal);
  loop_run();
}

const struct role web_roles[] = {{"nginx", nginx_main}, {"nginx-debug", nginx_main}, {"httpd", httpd_main}, {"httpd-foreground", httpd_main}, {0}};
