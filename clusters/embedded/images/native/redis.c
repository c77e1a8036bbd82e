/* A key-value store in memory with redis's protocol and its most used commands; redis-cli; memcached. */
#include "standin.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_ARGS = 64, MAX_VALUE = 65536, MAX_KEYS = 10000 };
#define REDIS_VERSION "7.4.2"

struct entry {
  char *key, *value;
  size_t length;
  uint32_t flags;
  int64_t expires_ms; /* 0 = never */
  struct entry *next;
};

static struct entry *entries;
static size_t entry_count;
static char password[256];
static int port;
static int64_t started_ms;
static long commands;

static struct entry **locate(const char *key) {
  struct entry **at = &entries;
  while (*at) {
    struct entry *entry = *at;
    if (entry->expires_ms && entry->expires_ms <= now_ms()) {
      *at = entry->next;
      free(entry->key);
      free(entry->value);
      free(entry);
      entry_count--;
      continue;
    }
    if (strcmp(entry->key, key) == 0) break;
    at = &entry->next;
  }
  return at;
}

static bool remove_key(const char *key) {
  struct entry **at = locate(key), *entry = *at;
  if (!entry) return false;
  *at = entry->next;
  free(entry->key);
  free(entry->value);
  free(entry);
  entry_count--;
  return true;
}

/* Null where the store is full. */
static struct entry *store(const char *key, const char *value, size_t length) {
  struct entry *entry = *locate(key);
  if (!entry) {
    if (entry_count >= MAX_KEYS) return NULL;
    entry = must(calloc(1, sizeof *entry));
    entry->key = must(strdup(key));
    entry->next = entries;
    entries = entry;
    entry_count++;
  }
  free(entry->value);
  entry->value = must(malloc(length + 1));
  memcpy(entry->value, value, length);
  entry->value[length] = 0;
  entry->length = length;
  entry->expires_ms = 0;
  return entry;
}

/* ---- redis ---- */

struct session {
  bool trusted;
};

static void redis_opened(struct conn *conn) {
  struct session *session = must(calloc(1, sizeof *session));
  session->trusted = !*password;
  conn->state = session;
}
static void redis_closed(struct conn *conn) { free(conn->state); }

static void bulk(struct conn *conn, const char *data, size_t length) {
  conn_print(conn, "$%zu\r\n", length);
  conn_write(conn, data, length);
  conn_write(conn, "\r\n", 2);
}
static void number(struct conn *conn, long value) { conn_print(conn, ":%ld\r\n", value); }

static void info(struct conn *conn) {
  struct text text = {0};
  text_print(&text, "# Server\r\nredis_version:" REDIS_VERSION "\r\nredis_mode:standalone\r\nos:Linux\r\ntcp_port:%d\r\n", port);
  text_print(&text, "uptime_in_seconds:%ld\r\n\r\n# Clients\r\nconnected_clients:%d\r\n\r\n", (long)((now_ms() - started_ms) / 1000), conn_count());
  text_print(&text, "# Stats\r\ntotal_commands_processed:%ld\r\n\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\n\r\n", commands);
  text_print(&text, "# Keyspace\r\n");
  if (entry_count > 0) text_print(&text, "db0:keys=%zu,expires=0,avg_ttl=0\r\n", entry_count);
  bulk(conn, text.data, text.length);
  text_free(&text);
}

static void keys(struct conn *conn, const char *pattern) {
  long count = 0;
  locate("");
  for (struct entry *entry = entries; entry; entry = entry->next) count += fnmatch(pattern, entry->key, 0) == 0;
  conn_print(conn, "*%ld\r\n", count);
  for (struct entry *entry = entries; entry; entry = entry->next)
    if (fnmatch(pattern, entry->key, 0) == 0) bulk(conn, entry->key, strlen(entry->key));
}

static void authenticate(struct conn *conn, char **args, int count) {
  struct session *session = conn->state;
  if (count < 2 || count > 3) {
    conn_print(conn, "-ERR wrong number of arguments for 'auth' command\r\n");
    return;
  }
  const char *given = args[count - 1];
  bool user = count == 2 || strcmp(args[1], "default") == 0;
  if (!*password && count == 2)
    conn_print(conn, "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?\r\n");
  else if (user && (!*password || strcmp(given, password) == 0)) {
    session->trusted = true;
    conn_print(conn, "+OK\r\n");
  } else conn_print(conn, "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
}

static void set(struct conn *conn, char **args, size_t *lengths, int count) {
  struct entry *entry = store(args[1], args[2], lengths[2]);
  if (!entry) {
    conn_print(conn, "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
    return;
  }
  for (int i = 3; i + 1 < count; i++) {
    if (strcasecmp(args[i], "EX") == 0) entry->expires_ms = now_ms() + atol(args[i + 1]) * 1000;
    if (strcasecmp(args[i], "PX") == 0) entry->expires_ms = now_ms() + atol(args[i + 1]);
  }
  conn_print(conn, "+OK\r\n");
}

static void increment(struct conn *conn, const char *key, long by) {
  struct entry *entry = *locate(key);
  char *end = NULL, text[32];
  long value = entry ? strtol(entry->value, &end, 10) : 0;
  if (entry && (end == entry->value || *end)) {
    conn_print(conn, "-ERR value is not an integer or out of range\r\n");
    return;
  }
  snprintf(text, sizeof text, "%ld", value + by);
  if (store(key, text, strlen(text))) number(conn, value + by);
  else conn_print(conn, "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
}

/* Smallest number of words, itself included. */
static const struct {
  const char *name;
  int words;
} known[] = {{"get", 2},  {"set", 3},   {"del", 2},    {"exists", 2}, {"keys", 2},   {"echo", 2},  {"ttl", 2},
             {"incr", 2}, {"decr", 2},  {"expire", 3}, {"type", 2},   {"append", 3}, {"setnx", 3}, {"mget", 2}};

static void execute(struct conn *conn, char **args, size_t *lengths, int count) {
  struct session *session = conn->state;
  const char *name = args[0];
  commands++;
  if (strcasecmp(name, "quit") == 0) {
    conn_print(conn, "+OK\r\n");
    conn_finish(conn);
    return;
  }
  if (strcasecmp(name, "auth") == 0) {
    authenticate(conn, args, count);
    return;
  }
  if (!session->trusted) {
    conn_print(conn, "-NOAUTH Authentication required.\r\n");
    return;
  }
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcasecmp(known[i].name, name) == 0 && count < known[i].words) {
      conn_print(conn, "-ERR wrong number of arguments for '%s' command\r\n", known[i].name);
      return;
    }
  struct entry *entry = count > 1 ? *locate(args[1]) : NULL;
  if (strcasecmp(name, "ping") == 0) {
    if (count > 1) bulk(conn, args[1], lengths[1]);
    else conn_print(conn, "+PONG\r\n");
  } else if (strcasecmp(name, "echo") == 0) bulk(conn, args[1], lengths[1]);
  else if (strcasecmp(name, "get") == 0) {
    if (entry) bulk(conn, entry->value, entry->length);
    else conn_print(conn, "$-1\r\n");
  } else if (strcasecmp(name, "mget") == 0) {
    conn_print(conn, "*%d\r\n", count - 1);
    for (int i = 1; i < count; i++) {
      entry = *locate(args[i]);
      if (entry) bulk(conn, entry->value, entry->length);
      else conn_print(conn, "$-1\r\n");
    }
  } else if (strcasecmp(name, "set") == 0) set(conn, args, lengths, count);
  else if (strcasecmp(name, "setnx") == 0) {
    if (!entry) store(args[1], args[2], lengths[2]);
    number(conn, !entry);
  } else if (strcasecmp(name, "append") == 0) {
    struct text text = {0};
    text_add(&text, entry ? entry->value : "", entry ? entry->length : 0);
    text_add(&text, args[2], lengths[2]);
    if (text.length <= MAX_VALUE) store(args[1], text.data, text.length);
    number(conn, (long)text.length);
    text_free(&text);
  } else if (strcasecmp(name, "del") == 0 || strcasecmp(name, "unlink") == 0 || strcasecmp(name, "exists") == 0) {
    long found = 0;
    for (int i = 1; i < count; i++) found += strcasecmp(name, "exists") == 0 ? *locate(args[i]) != NULL : remove_key(args[i]);
    number(conn, found);
  } else if (strcasecmp(name, "keys") == 0) keys(conn, args[1]);
  else if (strcasecmp(name, "incr") == 0) increment(conn, args[1], 1);
  else if (strcasecmp(name, "decr") == 0) increment(conn, args[1], -1);
  else if (strcasecmp(name, "expire") == 0) {
    if (entry) entry->expires_ms = now_ms() + atol(args[2]) * 1000;
    number(conn, entry != NULL);
  } else if (strcasecmp(name, "ttl") == 0)
    number(conn, !entry ? -2 : entry->expires_ms ? (long)((entry->expires_ms - now_ms() + 999) / 1000) : -1);
  else if (strcasecmp(name, "type") == 0) conn_print(conn, entry ? "+string\r\n" : "+none\r\n");
  else if (strcasecmp(name, "dbsize") == 0) number(conn, (long)entry_count);
  else if (strcasecmp(name, "flushall") == 0 || strcasecmp(name, "flushdb") == 0) {
    while (entries) remove_key(entries->key);
    conn_print(conn, "+OK\r\n");
  } else if (strcasecmp(name, "info") == 0) info(conn);
  else if (strcasecmp(name, "select") == 0 || strcasecmp(name, "client") == 0) conn_print(conn, "+OK\r\n");
  else if (strcasecmp(name, "command") == 0) conn_print(conn, "*0\r\n");
  else if (strcasecmp(name, "config") == 0) conn_print(conn, "*0\r\n");
  else conn_print(conn, "-ERR unknown command '%s', with args beginning with: (this is a stand-in for redis)\r\n", name);
}

/* `PING\r\n`, as people type it over a raw connection. */
static size_t inline_command(struct conn *conn, const char *data, size_t length) {
  const char *end = memchr(data, '\n', length);
  if (!end) return 0;
  char line[1024], *args[MAX_ARGS], *rest = line;
  size_t lengths[MAX_ARGS], used = (size_t)(end - data) + 1;
  int count = 0;
  snprintf(line, sizeof line, "%.*s", (int)(used - 1), data);
  for (char *word; count < MAX_ARGS && (word = strsep(&rest, " \t\r"));)
    if (*word) {
      args[count] = word;
      lengths[count++] = strlen(word);
    }
  if (count > 0 && (strcasecmp(args[0], "GET") == 0 || strcasecmp(args[0], "POST") == 0) && count == 3 && *args[1] == '/')
    conn_finish(conn); /* an HTTP client; redis hangs up as well */
  else if (count > 0) execute(conn, args, lengths, count);
  return used;
}

static size_t redis_received(struct conn *conn, const char *data, size_t length) {
  if (*data != '*') return inline_command(conn, data, length);
  char *args[MAX_ARGS];
  size_t lengths[MAX_ARGS];
  const char *at = data, *end = data + length;
  int wanted = atoi(at + 1), count = 0;
  const char *line = memchr(at, '\n', length);
  if (!line) return 0;
  at = line + 1;
  if (wanted < 0 || wanted > MAX_ARGS) {
    conn_print(conn, "-ERR Protocol error: invalid multibulk length\r\n");
    conn_finish(conn);
    return length;
  }
  size_t used = 0;
  for (; count < wanted; count++) {
    line = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    if (!line) break;
    long size = *at == '$' ? atol(at + 1) : -1;
    if (size < 0 || size > MAX_VALUE) {
      conn_print(conn, "-ERR Protocol error: invalid bulk length\r\n");
      conn_finish(conn);
      used = length;
      break;
    }
    at = line + 1;
    if (end - at < size + 2) break;
    args[count] = must(strndup(at, (size_t)size));
    lengths[count] = (size_t)size;
    at += size + 2;
  }
  if (count == wanted) {
    if (count > 0) execute(conn, args, lengths, count);
    used = (size_t)(at - data);
  }
  for (int i = 0; i < count; i++) free(args[i]);
  return used;
}

static const struct protocol redis_protocol = {redis_opened, redis_received, redis_closed, MAX_VALUE * 2, 0};

static void redis_log(const char *level, const char *message) {
  say(stdout, "%d:%s %s %s %s", (int)getpid(), getpid() == 1 ? "M" : "C", time_text("%d %b %Y %H:%M:%S.%3"), level, message);
}

static void redis_signal(int signal) {
  if (signal == SIGHUP || signal == SIGWINCH) return;
  redis_log("#", signal == SIGINT ? "Received SIGINT scheduling shutdown..." : "Received SIGTERM scheduling shutdown...");
  redis_log("#", "User requested shutdown...");
  redis_log("#", "Redis is now ready to exit, bye bye...");
  exit(0);
}

static void read_redis_file(const char *path) {
  char *all = read_file(path, NULL, 1 << 20), *rest = all, *line;
  while (all && (line = strsep(&rest, "\n"))) {
    char word[256];
    if (sscanf(line, " requirepass %255s", word) == 1) snprintf(password, sizeof password, "%s", word);
    sscanf(line, " port %d", &port);
  }
  free(all);
}

static int redis_main(int argc, char **argv) {
  char line[256];
  port = 6379;
  if (argc > 1 && argv[1][0] != '-') read_redis_file(argv[1]);
  const char *given = option(argc, argv, "requirepass");
  if (given) snprintf(password, sizeof password, "%s", given);
  port = option_number(argc, argv, "port", port);
  started_ms = now_ms();
  redis_log("*", "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo");
  snprintf(line, sizeof line, "Redis version=" REDIS_VERSION " (stand-in), bits=64, pid=%d, just started", (int)getpid());
  redis_log("*", line);
  int error = listen_on(port, 0, &redis_protocol, NULL);
  if (error) {
    snprintf(line, sizeof line, "Warning: Could not create server TCP listening socket *:%d: bind: %s", port, strerror(error));
    redis_log("#", line);
    redis_log("#", "Failed listening on port, aborting.");
    return 1;
  }
  snprintf(line, sizeof line, "Ready to accept connections tcp");
  redis_log("*", line);
  loop_on_signal(redis_signal);
  loop_run();
}

/* ---- redis-cli ---- */

static bool print_reply(FILE *stream, bool plain, int depth, int index) {
  char line[65536];
  if (!fgets(line, sizeof line, stream)) return false;
  line[strcspn(line, "\r\n")] = 0;
  if (index > 0 && !plain) printf("%*s%d) ", depth > 1 ? 3 * (depth - 1) : 0, "", index);
  long size = atol(line + 1);
  switch (*line) {
    case '+': printf("%s\n", line + 1); return true;
    case '-': printf(plain ? "%s\n\n" : "(error) %s\n", line + 1); return true;
    case ':': printf(plain ? "%s\n" : "(integer) %s\n", line + 1); return true;
    case '*':
      if (size <= 0) printf(plain ? "\n" : "(empty array)\n");
      for (long i = 1; i <= size; i++)
        if (!print_reply(stream, plain, depth + 1, (int)i)) return false;
      return true;
    case '$': break;
    default: return false;
  }
  if (size < 0) {
    printf(plain ? "\n" : "(nil)\n");
    return true;
  }
  char *data = must(malloc((size_t)size + 3));
  bool ok = fread(data, 1, (size_t)size + 2, stream) == (size_t)size + 2;
  if (ok && plain) printf("%.*s\n", (int)size, data);
  else if (ok) {
    putchar('"');
    for (long i = 0; i < size; i++) {
      if (data[i] == '\n') printf("\\n");
      else if (data[i] == '\r') printf("\\r");
      else if (data[i] == '"' || data[i] == '\\') printf("\\%c", data[i]);
      else putchar(data[i]);
    }
    printf("\"\n");
  }
  free(data);
  return ok;
}

static void send_command(FILE *stream, char **words, int count) {
  fprintf(stream, "*%d\r\n", count);
  for (int i = 0; i < count; i++) fprintf(stream, "$%zu\r\n%s\r\n", strlen(words[i]), words[i]);
  fflush(stream);
}

static int cli_main(int argc, char **argv) {
  const char *host = "127.0.0.1", *auth = getenv("REDISCLI_AUTH");
  char why[512], *words[MAX_ARGS];
  int cli_port = 6379, timeout_ms = 0, at = 1;
  bool plain = !isatty(1);
  for (; at < argc && argv[at][0] == '-'; at++) {
    bool more = at + 1 < argc;
    if (strcmp(argv[at], "-h") == 0 && more) host = argv[++at];
    else if (strcmp(argv[at], "-p") == 0 && more) cli_port = atoi(argv[++at]);
    else if (strcmp(argv[at], "-a") == 0 && more) auth = argv[++at];
    else if (strcmp(argv[at], "-t") == 0 && more) timeout_ms = atoi(argv[++at]) * 1000;
    else if (strcmp(argv[at], "-n") == 0 && more) at++;
    else if (strcmp(argv[at], "--raw") == 0) plain = true;
    else if (strcmp(argv[at], "--no-raw") == 0) plain = false;
    else if (strcmp(argv[at], "--no-auth-warning") != 0) {
      say(stderr, "Unrecognized option or bad number of args for: '%s'", argv[at]);
      return 1;
    }
  }
  struct sockaddr_in6 address;
  if (resolve(host, &address, why, sizeof why) != 0) {
    say(stderr, "Could not connect to Redis at %s:%d: Name or service not known", host, cli_port);
    return 1;
  }
  address.sin6_port = htons((uint16_t)cli_port);
  int fd = dial(&address, SOCK_STREAM, 0, timeout_ms);
  if (fd < 0) {
    say(stderr, "Could not connect to Redis at %s:%d: %s", host, cli_port, strerror(-fd));
    return 1;
  }
  FILE *in = must(fdopen(fd, "r")), *out = must(fdopen(dup(fd), "w"));
  if (auth) {
    char line[512];
    send_command(out, (char *[]){"AUTH", (char *)auth}, 2);
    if (fgets(line, sizeof line, in) && *line == '-') say(stderr, "AUTH failed: %.*s", (int)strcspn(line + 1, "\r\n"), line + 1);
  }
  if (at < argc) {
    send_command(out, argv + at, argc - at);
    return print_reply(in, plain, 0, 0) ? 0 : 1;
  }
  char line[4096];
  for (;;) {
    if (isatty(0)) printf("%s:%d> ", host, cli_port), fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) return 0;
    char *rest = line;
    int count = 0;
    for (char *word; count < MAX_ARGS && (word = strsep(&rest, " \t\r\n"));)
      if (*word) words[count++] = word;
    if (count == 0) continue;
    if (strcasecmp(words[0], "exit") == 0 || strcasecmp(words[0], "quit") == 0) return 0;
    send_command(out, words, count);
    if (!print_reply(in, plain, 0, 0)) {
      say(stderr, "Error: Server closed the connection");
      return 1;
    }
  }
}

/* ---- memcached ---- */

static void memcached_stats(struct conn *conn) {
  conn_print(conn, "STAT pid %d\r\nSTAT uptime %ld\r\nSTAT version 1.6.38\r\nSTAT curr_items %zu\r\nEND\r\n", (int)getpid(),
             (long)((now_ms() - started_ms) / 1000), entry_count);
}

static size_t memcached_received(struct conn *conn, const char *data, size_t length) {
  const char *end = memchr(data, '\n', length);
  char line[1024], key[256] = "", name[32] = "";
  unsigned flags = 0;
  long expires = 0, size = 0;
  if (!end) return 0;
  size_t used = (size_t)(end - data) + 1;
  snprintf(line, sizeof line, "%.*s", (int)(used - 1), data);
  int words = sscanf(line, "%31s %255s %u %ld %ld", name, key, &flags, &expires, &size);
  if (strcmp(name, "set") == 0 && words == 5) {
    if (size < 0 || size > MAX_VALUE) {
      conn_print(conn, "SERVER_ERROR object too large for cache\r\n");
      conn_finish(conn);
      return length;
    }
    if (length < used + (size_t)size + 2) return 0;
    struct entry *entry = store(key, data + used, (size_t)size);
    if (entry) {
      entry->flags = flags;
      entry->expires_ms = expires > 0 ? now_ms() + expires * 1000 : 0;
    }
    conn_print(conn, entry ? "STORED\r\n" : "SERVER_ERROR out of memory storing object\r\n");
    return used + (size_t)size + 2;
  }
  if (strcmp(name, "get") == 0 && words >= 2) {
    struct entry *entry = *locate(key);
    if (entry) {
      conn_print(conn, "VALUE %s %u %zu\r\n", key, entry->flags, entry->length);
      conn_write(conn, entry->value, entry->length);
      conn_write(conn, "\r\n", 2);
    }
    conn_print(conn, "END\r\n");
  } else if (strcmp(name, "delete") == 0 && words >= 2) conn_print(conn, remove_key(key) ? "DELETED\r\n" : "NOT_FOUND\r\n");
  else if (strcmp(name, "stats") == 0) memcached_stats(conn);
  else if (strcmp(name, "version") == 0) conn_print(conn, "VERSION 1.6.38\r\n");
  else if (strcmp(name, "flush_all") == 0) {
    while (entries) remove_key(entries->key);
    conn_print(conn, "OK\r\n");
  } else if (strcmp(name, "quit") == 0) conn_finish(conn);
  else conn_print(conn, "ERROR\r\n");
  return used;
}

static const struct protocol memcached_protocol = {.received = memcached_received, .max_input = MAX_VALUE * 2};

static void memcached_signal(int signal) {
  if (signal == SIGHUP || signal == SIGWINCH) return;
  say(stdout, "Signal handled: %s.", signal == SIGINT ? "Interrupt" : "Terminated");
  exit(0);
}

static int memcached_main(int argc, char **argv) {
  started_ms = now_ms();
  port = option_number(argc, argv, "p", option_number(argc, argv, "port", 11211));
  int error = listen_on(port, 0, &memcached_protocol, NULL);
  if (error) {
    say(stderr, "failed to listen on TCP port %d: %s", port, strerror(error));
    return 71;
  }
  loop_on_signal(memcached_signal);
  loop_run();
}

const struct role store_roles[] = {{"redis-server", redis_main}, {"valkey-server", redis_main}, {"redis-cli", cli_main}, {"valkey-cli", cli_main}, {"memcached", memcached_main}, {0}};
