/* Shared by all roles of the stand-in: what a role is, the event loop, connections, HTTP, names, logs. */
#ifndef STANDIN_H
#define STANDIN_H

#define _GNU_SOURCE

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <time.h>

/* ---- roles ---- */

struct role {
  const char *name;
  int (*main)(int argc, char **argv);
};

extern const struct role web_roles[];     /* nginx, httpd */
extern const struct role echo_roles[];    /* http-echo, hello-app, echoserver, whoami, httpbin */
extern const struct role agnhost_roles[]; /* agnhost */
extern const struct role store_roles[];   /* redis-server, redis-cli, memcached */
extern const struct role database_roles[];/* postgres, mysqld, mongod */
extern const struct role idle_roles[];    /* pause, control plane, plugins */
extern const struct role dns_roles[];     /* coredns */
extern const struct role entry_roles[];   /* docker-entrypoint.sh, apk */
extern const struct role applet_roles[];  /* wget, nc, ping, printenv */
extern const struct role traceroute_roles[];

/* ---- the event loop (loop.c) ---- */

struct watch {
  int fd;
  void (*ready)(struct watch *watch, uint32_t events);
};

void loop_add(struct watch *watch, uint32_t events);
void loop_change(struct watch *watch, uint32_t events);
/* Safe inside any callback: the watch is not called again. */
void loop_remove(struct watch *watch);
/* Calls back once, after the given time. One timer per purpose: setting it again moves it. */
struct timer {
  int64_t at_ms;
  void (*fire)(struct timer *timer);
  struct timer *next;
};
void timer_set(struct timer *timer, int64_t in_ms);
int64_t now_ms(void);
/* Called with the signal for TERM, INT, QUIT, WINCH and HUP; must end the process or return. */
void loop_on_signal(void (*handler)(int signal));
void loop_run(void) __attribute__((noreturn));

/* ---- connections (conn.c) ---- */

struct conn;
struct protocol {
  /* A connection was accepted; servers that greet first write here. May be null. */
  void (*opened)(struct conn *conn);
  /* Returns how many bytes were used up; 0 = wait for more. Called again until it returns 0. */
  size_t (*received)(struct conn *conn, const char *data, size_t length);
  /* The connection is going away; frees conn->state. May be null. */
  void (*closed)(struct conn *conn);
  /* More unused input than this closes the connection. */
  size_t max_input;
  /* Silence longer than this closes it; 0 = never. */
  int idle_seconds;
};
struct conn {
  struct watch watch;
  const struct protocol *protocol;
  void *context; /* of the listener */
  void *state;   /* of the protocol */
  struct sockaddr_in6 peer, local;
  char *in, *out;
  size_t in_length, in_size, out_length, out_sent, out_size;
  bool closing, dead, paused, handed_over;
  int64_t active_ms;
  struct conn *next, **link;
};

/* Listens on all addresses, TCP or SCTP. Returns 0 or an errno. */
int listen_on(int port, int ip_protocol, const struct protocol *protocol, void *context);
void conn_write(struct conn *conn, const void *data, size_t length);
void conn_print(struct conn *conn, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Closes when everything is written. */
void conn_finish(struct conn *conn);
/* While paused nothing is received: for answers that take time. */
void conn_pause(struct conn *conn, bool paused);
int conn_count(void);
/* Leaves the connection to a child process, for work that blocks. Returns true in the child, where the socket
   is blocking and the child must end by itself; false in the parent, whose connection is gone. Where no child
   can be made, the connection is closed. */
bool conn_hand_over(struct conn *conn);
/* `10.0.0.1`, `fd00::1`; IPv4 is shown as IPv4. */
const char *address_text(const struct sockaddr_in6 *address);
/* `10.0.0.1:80`, `[fd00::1]:80` */
const char *endpoint_text(const struct sockaddr_in6 *address);

/* ---- the web servers' shared parts (web.c) ---- */

/* One word of a configuration: directive, its arguments, and the block behind it. */
struct directive {
  char *words[12];
  int word_count;
  struct directive *block, *next;
  const char *file;
  int line;
  bool has_block;
};
/* Reads a file in nginx's grammar, with `include`. Null and a message in `why` where it is wrong. */
struct directive *config_read(const char *path, char *why, size_t why_size);
void config_free(struct directive *directive);

struct request;
struct upstream {
  struct sockaddr_in6 address;
  char host[256];       /* as written, with the port where one was written */
  char path[256];       /* replaces the location's prefix; empty = the request's own path */
  int connect_ms;
};
struct proxy_header {
  char name[64];
  const char *value;
};
/* In a child process: sends the request on and copies the answer back. Returns the status the client saw. */
int proxy_request(struct conn *conn, struct request *request, const struct upstream *upstream, const char *target,
                  const struct proxy_header *headers, size_t *length, char *why, size_t why_size);

/* ---- UDP (udp.c) ---- */

/* Answers each datagram to a port with what `answer` writes; a negative length means no answer. */
typedef ssize_t (*udp_answer)(int port, const struct sockaddr_in6 *peer, const char *data, size_t length, char *out,
                              size_t out_size);
int udp_on(int port, udp_answer answer);

/* ---- HTTP (http.c) ---- */

struct request {
  char *method, *target, *path, *query; /* path is decoded and without the query */
  int minor;
  char *headers; /* raw, lines separated by \r\n, ends with an empty line */
  const char *body;
  size_t body_length;
  bool keep_alive;
};
struct response {
  int status;
  const char *type;
  const char *extra; /* whole header lines, each ended by \r\n */
  const char *body;
  size_t length;
};
struct http_server {
  /* Must call http_reply once, now or later. */
  void (*handle)(struct conn *conn, struct request *request);
  /* After each answer. May be null. */
  void (*log)(struct conn *conn, struct request *request, int status, size_t length);
  /* The Server header; null = none. */
  const char *server;
  /* The body of errors that the protocol layer finds itself. May be null. */
  void (*error_body)(int status, char *out, size_t size);
};
/* `context` of the listener must be a struct http_server. */
extern const struct protocol http_protocol;
void http_reply(struct conn *conn, struct request *request, struct response response);
void http_text(struct conn *conn, struct request *request, int status, const char *body);
/* The value of a header, copied into a buffer that the next call reuses; null if absent. */
const char *http_header(const struct request *request, const char *name);
/* The decoded value of a query or form field; empty if absent. Copied into out. */
const char *http_field(const struct request *request, const char *name, char *out, size_t size);
const char *http_reason(int status);
const char *http_type_of(const char *path);
/* Answers with a file below root: index.html for folders, 404 and 403 as servers do. Returns the status it wants. */
int http_file(const char *root, const char *path, char **body, size_t *length, bool *redirect);
size_t url_decode(char *text, bool plus);

/* ---- names and outgoing connections (resolve.c) ---- */

/* Looks a name up as a pod does: /etc/hosts, then /etc/resolv.conf with search and ndots. Blocks, 5 s at most
   per server. Returns 0 and the address, or a negative reason. */
enum { RESOLVE_NONE = -1, RESOLVE_TIMEOUT = -2, RESOLVE_REFUSED = -3 };
int resolve(const char *name, struct sockaddr_in6 *address, char *why, size_t why_size);
/* Splits host:port or [v6]:port in place; false where there is no port. */
bool split_host_port(char *text, char **host, char **port);
/* A connected blocking socket, or -errno. timeout 0 = the kernel's. */
int dial(const struct sockaddr_in6 *address, int type, int ip_protocol, int timeout_ms);

/* ---- text (text.c) ---- */

struct text {
  char *data;
  size_t length, size;
};
void text_add(struct text *text, const char *data, size_t length);
void text_print(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_json(struct text *text, const char *data, size_t length);
void text_free(struct text *text);
/* Time in strftime's words, UTC; %3, %6 and %9 at the end of the format add that many digits of a second. */
const char *time_text(const char *format);
/* Where /etc/hostname is not the truth, gethostname is. */
const char *host_name(void);
/* Values of `--name=value`, `--name value`, `-name=value`; null if absent. A bare flag reads as "true". */
const char *option(int argc, char **argv, const char *name);
int option_number(int argc, char **argv, const char *name, int otherwise);
/* `1s`, `500ms`, `2m`, `1h`, `0`; -1 where it is no duration. */
int64_t duration_ms(const char *text);
void *must(void *allocated);
/* Reads a whole file, zero-terminated; null where it cannot be read or is larger than max. */
char *read_file(const char *path, size_t *length, size_t max);
void say(FILE *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Lines like Go's log package: `2006/01/02 15:04:05 text`. */
void go_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A handler that logs nothing and exits with 0. */
void quit_quietly(int signal);

/* ---- reading JSON (json.c): each step moves `at` on; false where the next thing is not what was asked for ---- */

/* Past a bracket. */
bool json_open(const char **at, char bracket);
/* Whether another item of a list follows, or a member of an object; past `close` where none does. */
bool json_next(const char **at, char close);
/* The name of the next member, and past its colon; false at the end of the object. */
bool json_member(const char **at, char *name, size_t size);
/* Adds a string's meaning to `text`. */
bool json_string(const char **at, struct text *text);
/* The same, or a number, true, false or null as it is written. */
bool json_scalar(const char **at, struct text *text);
/* Past any value. */
bool json_skip(const char **at);

/* ---- agnhost ---- */

int nettest_main(int argc, char **argv);
/* At SIGTERM the process goes on for that many seconds; 0 = it ends at once. */
void delay_shutdown(int seconds);

/* ---- names that coredns serves (zone.c) ---- */

enum record_type { RECORD_A = 1, RECORD_CNAME = 5, RECORD_SOA = 6, RECORD_PTR = 12, RECORD_TXT = 16, RECORD_AAAA = 28, RECORD_SRV = 33, RECORD_ANY = 255 };
struct record {
  enum record_type type;
  union {
    unsigned char address[4];
    struct {
      const char *target; /* a name in lower case without the last dot; or a TXT's text */
      uint16_t port;
    };
  };
  struct record *next;
};
struct name {
  const char *text; /* lower case, no last dot */
  bool outside;     /* of the lab's outside world: not ours to speak for */
  struct record *records;
  uint16_t count;
  struct name *next;
};
/* Replaces all names by those of the file. Returns how many there are, or -1 where it cannot be read: then the
   old ones stay. Lines that are not understood are told to stderr. */
int zone_load(const char *path);
/* Null where there is no such name. */
const struct name *zone_find(const char *name);
/* The zone of ours that a name is in, or null. */
const char *zone_of(const char *name);
uint32_t zone_ttl(void);
uint32_t zone_serial(void);

#endif
