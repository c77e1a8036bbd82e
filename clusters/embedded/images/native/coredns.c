/* A DNS server for the cluster: answers from a zone file over UDP and TCP, forwards nothing. */
#include "standin.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 12, MAX_UDP = 1232, MAX_ANSWER = 65535, NOERROR = 0, FORMERR = 1, NXDOMAIN = 3, NOTIMP = 4, REFUSED = 5 };

static const char *zone_path = "/var/lib/gatehouse/dns/zone";
static bool log_queries;

/* An answer being written; `full` is set when something did not fit. */
struct answer {
  unsigned char *out;
  size_t length, size;
  size_t question_at; /* where the question's name is, for compression */
  const char *question;
  bool full;
  uint16_t counts[3]; /* answer, authority, additional */
};

static void put(struct answer *answer, const void *data, size_t length) {
  if (answer->full || answer->length + length > answer->size) {
    answer->full = true;
    return;
  }
  memcpy(answer->out + answer->length, data, length);
  answer->length += length;
}
static void put16(struct answer *answer, unsigned value) {
  unsigned char bytes[2] = {(unsigned char)(value >> 8), (unsigned char)value};
  put(answer, bytes, 2);
}
static void put32(struct answer *answer, uint32_t value) {
  put16(answer, value >> 16);
  put16(answer, value & 0xffff);
}

static void put_name(struct answer *answer, const char *name) {
  size_t length = strlen(name), asked = strlen(answer->question);
  // The question's own name, or its end, is already in the packet.
  while (length > 0) {
    if (length <= asked && strcmp(answer->question + asked - length, name) == 0 &&
        (length == asked || answer->question[asked - length - 1] == '.')) {
      put16(answer, 0xc000 | (unsigned)(answer->question_at + asked - length));
      return;
    }
    size_t label = strcspn(name, ".");
    unsigned char size = (unsigned char)(label > 63 ? 63 : label);
    put(answer, &size, 1);
    put(answer, name, size);
    name += label + (name[label] == '.');
    length = strlen(name);
  }
  put(answer, "", 1);
}

/* Writes the head of a record and returns where its length goes. */
static size_t begin_record(struct answer *answer, const char *name, int type, uint32_t ttl) {
  put_name(answer, name);
  put16(answer, (unsigned)type);
  put16(answer, 1);
  put32(answer, ttl);
  put16(answer, 0);
  return answer->length;
}

/* A record that does not fit is taken back whole. */
static void end_record(struct answer *answer, size_t before, size_t start, int section) {
  if (answer->full) {
    answer->length = before;
    return;
  }
  size_t length = answer->length - start;
  answer->out[start - 2] = (unsigned char)(length >> 8);
  answer->out[start - 1] = (unsigned char)length;
  answer->counts[section]++;
}

static void put_record(struct answer *answer, const char *name, const struct record *record, int section) {
  size_t before = answer->length, start = begin_record(answer, name, record->type, zone_ttl());
  switch (record->type) {
    case RECORD_A:
      put(answer, record->address, 4);
      break;
    case RECORD_SRV:
      put16(answer, 0);
      put16(answer, 100);
      put16(answer, record->port);
      put_name(answer, record->target);
      break;
    case RECORD_TXT: {
      unsigned char size = (unsigned char)strnlen(record->target, 255);
      put(answer, &size, 1);
      put(answer, record->target, size);
      break;
    }
    default:
      put_name(answer, record->target);
  }
  end_record(answer, before, start, section);
}

static void put_soa(struct answer *answer, const char *zone, int section) {
  char text[300];
  size_t before = answer->length, start = begin_record(answer, zone, RECORD_SOA, zone_ttl());
  snprintf(text, sizeof text, *zone ? "ns.dns.%s" : "ns.dns", zone);
  put_name(answer, text);
  snprintf(text, sizeof text, *zone ? "hostmaster.%s" : "hostmaster", zone);
  put_name(answer, text);
  put32(answer, zone_serial());
  put32(answer, 7200);
  put32(answer, 1800);
  put32(answer, 86400);
  put32(answer, zone_ttl());
  end_record(answer, before, start, section);
}

/* Records of one type, from a different start each time, so that clients spread. */
static int put_records(struct answer *answer, const struct name *name, int type, int section) {
  static unsigned turn;
  int matching = 0, seen = 0;
  for (const struct record *record = name->records; record; record = record->next) matching += (int)record->type == type;
  if (matching == 0) return 0;
  int first = (int)(turn++ % (unsigned)matching);
  for (int pass = 0; pass < 2; pass++, seen = 0)
    for (const struct record *record = name->records; record; record = record->next) {
      if ((int)record->type != type) continue;
      bool early = seen++ < first;
      if (early == (pass == 1)) put_record(answer, name->text, record, section);
    }
  return matching;
}

static const struct record *alias_of(const struct name *name) {
  const struct record *record = name->records;
  while (record && record->type != RECORD_CNAME) record = record->next;
  return record;
}

/* Fills the answer and returns the response code. */
static int look_up(struct answer *answer, int type) {
  const char *asked = answer->question, *zone = zone_of(asked);
  const struct name *name = zone_find(asked);
  char current[256];
  for (int hops = 0; hops < 8 && name; hops++) {
    const struct record *alias = alias_of(name);
    if (!alias || type == RECORD_CNAME) break;
    put_record(answer, name->text, alias, 0);
    snprintf(current, sizeof current, "%s", alias->target);
    zone = zone_of(current);
    name = zone_find(current);
    // An alias that leads out of what we know is still an answer.
    if (!name) return NOERROR;
  }
  if (!name) {
    put_soa(answer, zone ? zone : "", 1);
    return NXDOMAIN;
  }
  if (type == RECORD_SOA && zone && strcmp(zone, asked) == 0) {
    put_soa(answer, zone, 0);
    return NOERROR;
  }
  int wanted = type == RECORD_ANY ? RECORD_A : type;
  int found = put_records(answer, name, wanted, 0);
  if (found == 0) put_soa(answer, zone ? zone : "", 1);
  if (wanted == RECORD_SRV)
    for (const struct record *record = name->records; record && found > 0; record = record->next) {
      const struct name *target = record->type == RECORD_SRV ? zone_find(record->target) : NULL;
      // What is only helpful must not make the packet count as cut.
      if (target && answer->length + 64 * target->count < answer->size) put_records(answer, target, RECORD_A, 2);
    }
  return NOERROR;
}

/* Reads the question's name in lower case; 0 where it is malformed, else the offset behind it. */
static size_t read_question(const unsigned char *data, size_t length, char *name) {
  size_t at = HEAD, used = 0;
  while (at < length && data[at]) {
    size_t label = data[at];
    if (label > 63 || at + label + 1 >= length || used + label + 1 > 254) return 0;
    if (used > 0) name[used++] = '.';
    for (size_t i = 1; i <= label; i++) name[used++] = (char)tolower(data[at + i]);
    at += label + 1;
  }
  name[used] = 0;
  return at + 5 <= length ? at + 1 : 0;
}

/* The size an EDNS client can take, 0 without EDNS. The OPT record is the last of small queries. */
static size_t edns_size(const unsigned char *data, size_t length, size_t at) {
  unsigned additional = (unsigned)(data[10] << 8 | data[11]);
  if (additional == 0 || at + 11 > length || data[at] != 0 || data[at + 1] != 0 || data[at + 2] != 41) return 0;
  return (size_t)(data[at + 3] << 8 | data[at + 4]);
}

static const char *type_name(int type) {
  static char other[16];
  switch (type) {
    case RECORD_A: return "A";
    case RECORD_AAAA: return "AAAA";
    case RECORD_CNAME: return "CNAME";
    case RECORD_SOA: return "SOA";
    case RECORD_PTR: return "PTR";
    case RECORD_TXT: return "TXT";
    case RECORD_SRV: return "SRV";
    default: snprintf(other, sizeof other, "TYPE%d", type); return other;
  }
}

static void log_query(const struct sockaddr_in6 *peer, const unsigned char *query, const struct answer *answer, int type, bool tcp,
                      int code, size_t asked_length) {
  static const char *const codes[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
  say(stdout, "[INFO] %s - %d \"%s IN %s. %s %zu false %zu\" %s qr,aa,rd %zu 0.0001s", endpoint_text(peer),
      query[0] << 8 | query[1], type_name(type), answer->question, tcp ? "tcp" : "udp", asked_length, answer->size,
      codes[code], answer->length);
}

/* Returns the answer's length, -1 for none. */
static ssize_t respond(const struct sockaddr_in6 *peer, const unsigned char *data, size_t length, unsigned char *out, bool tcp) {
  char name[256] = "";
  if (length < HEAD || data[2] & 0x80) return -1;
  unsigned opcode = data[2] >> 3 & 15, questions = (unsigned)(data[4] << 8 | data[5]);
  size_t behind = questions == 1 ? read_question(data, length, name) : 0;
  int type = behind ? data[behind] << 8 | data[behind + 1] : 0, class = behind ? data[behind + 2] << 8 | data[behind + 3] : 0;
  size_t edns = behind ? edns_size(data, length, behind + 4) : 0;
  size_t size = tcp ? MAX_ANSWER : edns > 512 ? (edns < MAX_UDP ? edns : MAX_UDP) : 512;
  struct answer answer = {.out = out, .length = HEAD, .size = size - (edns ? 11 : 0), .question_at = HEAD, .question = name};
  int code = opcode != 0 ? NOTIMP : !behind ? FORMERR : class != 1 ? REFUSED : NOERROR;
  if (behind) put(&answer, data + HEAD, behind + 4 - HEAD);
  if (code == NOERROR) code = look_up(&answer, type);
  const struct name *found = code == NOERROR ? zone_find(name) : NULL;
  bool ours = code == NXDOMAIN || (found && !found->outside);
  memcpy(out, data, 2);
  out[2] = (unsigned char)(0x80 | (data[2] & 0x79) | (ours ? 4 : 0) | (answer.full ? 2 : 0));
  out[3] = (unsigned char)code;
  out[4] = 0;
  out[5] = behind ? 1 : 0;
  answer.size = size;
  answer.full = false;
  if (edns) {
    put(&answer, "\0\0\51", 3);
    put16(&answer, MAX_UDP);
    put(&answer, "\0\0\0\0\0\0", 6);
    answer.counts[2]++;
  }
  for (int i = 0; i < 3; i++) {
    out[6 + 2 * i] = (unsigned char)(answer.counts[i] >> 8);
    out[7 + 2 * i] = (unsigned char)answer.counts[i];
  }
  if (log_queries) log_query(peer, data, &answer, type, tcp, code, length);
  return (ssize_t)answer.length;
}

static ssize_t udp_respond(int port, const struct sockaddr_in6 *peer, const char *data, size_t length, char *out,
                           size_t size) {
  (void)port, (void)size;
  return respond(peer, (const unsigned char *)data, length, (unsigned char *)out, false);
}

static size_t tcp_received(struct conn *conn, const char *data, size_t length) {
  static unsigned char out[2 + MAX_ANSWER];
  const unsigned char *bytes = (const unsigned char *)data;
  if (length < 2) return 0;
  size_t size = (size_t)(bytes[0] << 8 | bytes[1]);
  if (length < size + 2) return 0;
  ssize_t answer = respond(&conn->peer, bytes + 2, size, out + 2, true);
  if (answer < 0) conn_finish(conn);
  else {
    out[0] = (unsigned char)(answer >> 8);
    out[1] = (unsigned char)answer;
    conn_write(conn, out, (size_t)answer + 2);
  }
  return size + 2;
}

static const struct protocol tcp_protocol = {.received = tcp_received, .max_input = 70000, .idle_seconds = 10};

/* ---- life ---- */

static void reload(struct timer *timer) {
  (void)timer;
  int count = zone_load(zone_path);
  if (count < 0) say(stderr, "[WARNING] plugin/file: %s cannot be read: %s", zone_path, strerror(errno));
}
static struct timer reloader = {.fire = reload};

static void folder_changed(struct watch *watch, uint32_t events) {
  char buffer[4096] __attribute__((aligned(8)));
  (void)events;
  // Every change counts: behind links (as in a mounted ConfigMap) the name that changes is not the file's own.
  while (read(watch->fd, buffer, sizeof buffer) > 0) continue;
  timer_set(&reloader, 1);
}

static void watch_folder(void) {
  static struct watch watch = {.ready = folder_changed};
  char *copy = must(strdup(zone_path));
  watch.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (watch.fd < 0 || inotify_add_watch(watch.fd, dirname(copy), IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE) < 0)
    say(stderr, "[WARNING] plugin/file: %s is not watched (%s); send SIGHUP after changes", zone_path, strerror(errno));
  else loop_add(&watch, EPOLLIN);
  free(copy);
}

static void on_signal(int signal) {
  if (signal == SIGHUP) {
    reload(&reloader);
    return;
  }
  if (signal == SIGWINCH) return;
  say(stdout, "[INFO] %s: Shutting down servers then terminating", signal == SIGINT ? "SIGINT" : "SIGTERM");
  exit(0);
}

static void health_handle(struct conn *conn, struct request *request) {
  bool known = strcmp(request->path, "/health") == 0 || strcmp(request->path, "/ready") == 0;
  http_text(conn, request, known ? 200 : 404, known ? "OK" : "404 page not found\n");
}

/* Of the Corefile only `log` matters here. */
static bool asks_for_log(const char *path) {
  char *all = read_file(path, NULL, 1 << 20), *rest = all, *line;
  bool found = false;
  while (all && (line = strsep(&rest, "\n"))) {
    line += strspn(line, " \t");
    found |= strncmp(line, "log", 3) == 0 && (line[3] == 0 || isspace((unsigned char)line[3]));
  }
  free(all);
  return found;
}

static int coredns_main(int argc, char **argv) {
  static struct http_server health = {health_handle, NULL, NULL, NULL};
  const char *zone = option(argc, argv, "zone"), *conf = option(argc, argv, "conf");
  int port = option_number(argc, argv, "dns.port", 53), error;
  if (option(argc, argv, "version")) {
    say(stdout, "CoreDNS-1.11.3 (stand-in)");
    return 0;
  }
  if (!zone) zone = getenv("COREDNS_ZONE");
  if (zone) zone_path = zone;
  log_queries = asks_for_log(conf ? conf : "/etc/coredns/Corefile");
  if ((error = udp_on(port, udp_respond)) || (error = listen_on(port, 0, &tcp_protocol, NULL))) {
    say(stderr, "Listen: listen tcp :%d: bind: %s", port, strerror(error));
    return 1;
  }
  listen_on(8080, 0, &http_protocol, &health);
  listen_on(8181, 0, &http_protocol, &health);
  watch_folder();
  reload(&reloader);
  say(stdout, ".:%d\nCoreDNS-1.11.3 (stand-in)\nlinux/amd64", port);
  loop_on_signal(on_signal);
  loop_run();
}

const struct role dns_roles[] = {{"coredns", coredns_main}, {0}};
