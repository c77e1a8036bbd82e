/* HTTP/1.0 and 1.1 for servers with short answers: keep-alive, HEAD, bodies with a length or in chunks. */
#include "standin.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { MAX_HEAD = 16384, MAX_BODY = 262144, IDLE_SECONDS = 75 };

static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = (char)(c | 32);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t url_decode(char *text, bool plus) {
  char *to = text;
  for (char *from = text; *from; from++) {
    if (*from == '%' && hex_value(from[1]) >= 0 && hex_value(from[2]) >= 0) {
      *to++ = (char)(hex_value(from[1]) * 16 + hex_value(from[2]));
      from += 2;
    } else *to++ = plus && *from == '+' ? ' ' : *from;
  }
  *to = 0;
  return (size_t)(to - text);
}

const char *http_reason(int status) {
  static const struct {
    int status;
    const char *reason;
  } reasons[] = {{100, "Continue"},
                 {200, "OK"},
                 {201, "Created"},
                 {202, "Accepted"},
                 {204, "No Content"},
                 {301, "Moved Permanently"},
                 {302, "Found"},
                 {303, "See Other"},
                 {304, "Not Modified"},
                 {307, "Temporary Redirect"},
                 {308, "Permanent Redirect"},
                 {400, "Bad Request"},
                 {401, "Unauthorized"},
                 {403, "Forbidden"},
                 {404, "Not Found"},
                 {405, "Not Allowed"},
                 {408, "Request Timeout"},
                 {412, "Precondition Failed"},
                 {413, "Request Entity Too Large"},
                 {417, "Expectation Failed"},
                 {418, "I'm a teapot"},
                 {429, "Too Many Requests"},
                 {431, "Request Header Fields Too Large"},
                 {500, "Internal Server Error"},
                 {501, "Not Implemented"},
                 {502, "Bad Gateway"},
                 {503, "Service Temporarily Unavailable"},
                 {504, "Gateway Time-out"}};
  for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
    if (reasons[i].status == status) return reasons[i].reason;
  return "Unknown";
}

const char *http_header(const struct request *request, const char *name) {
  static char value[1024];
  size_t length = strlen(name);
  for (const char *line = request->headers; line && *line && *line != '\r';) {
    const char *end = strstr(line, "\r\n");
    if (!end) break;
    if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
      const char *from = line + length + 1;
      while (*from == ' ' || *from == '\t') from++;
      snprintf(value, sizeof value, "%.*s", (int)(end - from), from);
      return value;
    }
    line = end + 2;
  }
  return NULL;
}

static bool field_of(const char *from, size_t length, const char *name, char *out, size_t size) {
  const char *end = from + length;
  while (from < end) {
    const char *next = memchr(from, '&', (size_t)(end - from));
    if (!next) next = end;
    const char *equals = memchr(from, '=', (size_t)(next - from));
    const char *stop = equals ? equals : next;
    if ((size_t)(stop - from) == strlen(name) && strncmp(from, name, strlen(name)) == 0) {
      if (equals) snprintf(out, size, "%.*s", (int)(next - equals - 1), equals + 1);
      else *out = 0;
      url_decode(out, true);
      return true;
    }
    from = next + 1;
  }
  return false;
}

const char *http_field(const struct request *request, const char *name, char *out, size_t size) {
  *out = 0;
  if (field_of(request->query, strlen(request->query), name, out, size)) return out;
  const char *type = http_header(request, "Content-Type");
  if (request->body && type && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0)
    field_of(request->body, request->body_length, name, out, size);
  return out;
}

void http_reply(struct conn *conn, struct request *request, struct response response) {
  struct http_server *server = conn->context;
  bool close = !request->keep_alive;
  struct text head = {0};
  text_print(&head, "HTTP/1.1 %d %s\r\n", response.status, http_reason(response.status));
  if (server->server) text_print(&head, "Server: %s\r\n", server->server);
  text_print(&head, "Date: %s\r\n", time_text("%a, %d %b %Y %H:%M:%S GMT"));
  if (response.type && response.length > 0) text_print(&head, "Content-Type: %s\r\n", response.type);
  if (response.status != 204 && response.status != 304)
    text_print(&head, "Content-Length: %zu\r\n", response.length);
  if (response.extra) text_add(&head, response.extra, strlen(response.extra));
  if (close) text_print(&head, "Connection: close\r\n");
  else if (request->minor == 0 || server->server) text_print(&head, "Connection: keep-alive\r\n");
  text_print(&head, "\r\n");
  conn_write(conn, head.data, head.length);
  text_free(&head);
  bool without_body = strcmp(request->method, "HEAD") == 0 || response.status == 204 || response.status == 304;
  if (!without_body) conn_write(conn, response.body, response.length);
  if (server->log) server->log(conn, request, response.status, without_body ? 0 : response.length);
  if (close) conn_finish(conn);
}

void http_text(struct conn *conn, struct request *request, int status, const char *body) {
  http_reply(conn, request,
             (struct response){status, "text/plain; charset=utf-8", NULL, body, strlen(body)});
}

static size_t refuse(struct conn *conn, size_t length, int status) {
  struct http_server *server = conn->context;
  struct request request = {.method = "-", .target = "", .path = "", .query = "", .headers = "", .minor = 1};
  char body[512] = "";
  if (server->error_body) server->error_body(status, body, sizeof body);
  else snprintf(body, sizeof body, "%d %s", status, http_reason(status));
  http_reply(conn, &request, (struct response){status, server->error_body ? "text/html" : "text/plain; charset=utf-8",
                                               NULL, body, strlen(body)});
  return length;
}

/* Decodes chunks in place. Returns bytes used of the input, 0 = incomplete, -1 = wrong. */
static ssize_t join_chunks(char *data, size_t length, size_t *body_length) {
  char *from = data, *end = data + length, *to = data;
  for (;;) {
    char *line = memmem(from, (size_t)(end - from), "\r\n", 2);
    if (!line) return end - from > 32 ? -1 : 0;
    char *stop;
    unsigned long size = strtoul(from, &stop, 16);
    if (stop == from || size > MAX_BODY) return -1;
    from = line + 2;
    if (size == 0) {
      while ((line = memmem(from, (size_t)(end - from), "\r\n", 2))) {
        bool last = line == from;
        from = line + 2;
        if (last) {
          *body_length = (size_t)(to - data);
          return from - data;
        }
      }
      return 0;
    }
    if ((size_t)(end - from) < size + 2) return 0;
    memmove(to, from, size);
    to += size;
    from += size + 2;
  }
}

static size_t http_received(struct conn *conn, const char *data, size_t length) {
  struct http_server *server = conn->context;
  // Blank lines before a request are forgiven.
  if (length >= 2 && data[0] == '\r' && data[1] == '\n') return 2;
  if (length >= 1 && data[0] == '\n') return 1;
  const char *end = memmem(data, length, "\r\n\r\n", 4);
  if (!end) return length > MAX_HEAD ? refuse(conn, length, 431) : 0;
  size_t head_length = (size_t)(end - data) + 4;
  if (memchr(data, 0, head_length)) return refuse(conn, length, 400);
  char *head = must(malloc(head_length + 1));
  memcpy(head, data, head_length);
  head[head_length] = 0;
  char *line_end = strstr(head, "\r\n");
  *line_end = 0;
  char *target = strchr(head, ' ');
  char *version = target ? strchr(target + 1, ' ') : NULL;
  if (!version || strncmp(version + 1, "HTTP/1.", 7) != 0 || !isdigit((unsigned char)version[8])) {
    free(head);
    return refuse(conn, length, 400);
  }
  *target++ = 0;
  *version++ = 0;
  struct request request = {.method = head, .target = target, .minor = version[7] - '0', .headers = line_end + 2};
  const char *connection = http_header(&request, "Connection");
  request.keep_alive = request.minor > 0 ? !connection || strcasecmp(connection, "close") != 0
                                         : connection && strcasecmp(connection, "keep-alive") == 0;
  const char *coding = http_header(&request, "Transfer-Encoding");
  bool chunked = coding && strcasecmp(coding, "chunked") == 0;
  const char *announced = http_header(&request, "Content-Length");
  size_t body_length = announced ? strtoul(announced, NULL, 10) : 0, used = head_length;
  char *body = NULL;
  if (body_length > MAX_BODY) {
    free(head);
    return refuse(conn, length, 413);
  }
  const char *expect = http_header(&request, "Expect");
  bool complete = chunked ? false : length >= head_length + body_length;
  if (chunked) {
    body = must(malloc(length - head_length + 1));
    memcpy(body, data + head_length, length - head_length);
    ssize_t taken = join_chunks(body, length - head_length, &body_length);
    if (taken < 0) {
      free(head);
      free(body);
      return refuse(conn, length, 400);
    }
    complete = taken > 0;
    used += (size_t)taken;
  } else if (complete && body_length > 0) {
    body = must(malloc(body_length + 1));
    memcpy(body, data + head_length, body_length);
    used += body_length;
  }
  if (!complete) {
    if (expect && strcasecmp(expect, "100-continue") == 0 && length == head_length)
      conn_print(conn, "HTTP/1.1 100 Continue\r\n\r\n");
    free(body);
    free(head);
    return 0;
  }
  if (body) body[body_length] = 0;
  request.body = body;
  request.body_length = body_length;
  char *path = must(strdup(target));
  char *query = strchr(path, '?');
  if (query) *query++ = 0;
  request.path = path;
  request.query = query ? query : "";
  url_decode(path, false);
  server->handle(conn, &request);
  free(path);
  free(body);
  free(head);
  return used;
}

const struct protocol http_protocol = {
    .received = http_received, .max_input = MAX_HEAD + MAX_BODY * 2, .idle_seconds = IDLE_SECONDS};

const char *http_type_of(const char *path) {
  static const char *const types[][2] = {{".html", "text/html"},        {".htm", "text/html"},
                                         {".css", "text/css"},          {".js", "application/javascript"},
                                         {".json", "application/json"}, {".txt", "text/plain"},
                                         {".svg", "image/svg+xml"},     {".png", "image/png"},
                                         {".jpg", "image/jpeg"},        {".gif", "image/gif"},
                                         {".ico", "image/x-icon"},      {".xml", "text/xml"}};
  const char *dot = strrchr(path, '.');
  for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
    if (strcasecmp(dot, types[i][0]) == 0) return types[i][1];
  return "application/octet-stream";
}

int http_file(const char *root, const char *path, char **body, size_t *length, bool *redirect) {
  char full[4096];
  struct stat info;
  *redirect = false;
  if (strstr(path, "/../") || strcmp(path + (strlen(path) > 3 ? strlen(path) - 3 : 0), "/..") == 0) return 400;
  if (snprintf(full, sizeof full - 16, "%s%s", root, path) >= (int)sizeof full - 16) return 404;
  if (stat(full, &info) != 0) return errno == EACCES ? 403 : 404;
  if (S_ISDIR(info.st_mode)) {
    if (full[strlen(full) - 1] != '/') {
      *redirect = true;
      return 301;
    }
    strcat(full, "index.html");
    if (stat(full, &info) != 0) return 403;
  }
  *body = read_file(full, length, 4 << 20);
  return *body ? 200 : 403;
}
