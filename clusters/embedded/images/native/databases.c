/* The first words of three databases: greeting, login, and a refusal that says what this is. */
#include "standin.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int database_port(int argc, char **argv, const char *name, int otherwise) {
  for (int i = 1; i + 1 < argc; i++)
    if (strcmp(argv[i], "-p") == 0) return atoi(argv[i + 1]);
  return option_number(argc, argv, name, otherwise);
}

static bool env_set(const char *name) {
  const char *value = getenv(name);
  return value && *value;
}

/* ---- postgres ---- */

enum stage { PG_START, PG_PASSWORD, PG_READY };
struct pg_session {
  enum stage stage;
  char user[64], database[64];
};

static void pg_log(const char *level, const char *message) {
  say(stderr, "%s UTC [%d] %s:  %s", time_text("%Y-%m-%d %H:%M:%S.%3"), (int)getpid(), level, message);
}

static void pg_message(struct conn *conn, char type, const void *data, size_t length) {
  uint32_t size = htonl((uint32_t)length + 4);
  conn_write(conn, &type, 1);
  conn_write(conn, &size, 4);
  conn_write(conn, data, length);
}

static void pg_error(struct conn *conn, const char *severity, const char *code, const char *message) {
  struct text text = {0};
  text_print(&text, "S%s%cV%s%cC%s%cM%s%c%c", severity, 0, severity, 0, code, 0, message, 0, 0);
  pg_message(conn, 'E', text.data, text.length);
  text_free(&text);
  pg_log(severity, message);
}

static void pg_parameter(struct conn *conn, const char *name, const char *value) {
  struct text text = {0};
  text_print(&text, "%s%c%s%c", name, 0, value, 0);
  pg_message(conn, 'S', text.data, text.length);
  text_free(&text);
}

static void pg_welcome(struct conn *conn) {
  uint32_t key[2] = {htonl((uint32_t)getpid()), htonl(1)};
  pg_message(conn, 'R', "\0\0\0\0", 4);
  pg_parameter(conn, "server_version", "17.4 (stand-in)");
  pg_parameter(conn, "server_encoding", "UTF8");
  pg_parameter(conn, "client_encoding", "UTF8");
  pg_parameter(conn, "DateStyle", "ISO, MDY");
  pg_parameter(conn, "standard_conforming_strings", "on");
  pg_message(conn, 'K', key, sizeof key);
  pg_message(conn, 'Z', "I", 1);
}

static void pg_opened(struct conn *conn) { conn->state = must(calloc(1, sizeof(struct pg_session))); }
static void pg_closed(struct conn *conn) { free(conn->state); }

static void pg_startup(struct conn *conn, const char *data, size_t length) {
  struct pg_session *session = conn->state;
  const char *at = data + 8, *end = data + length;
  while (at < end && *at) {
    const char *value = at + strlen(at) + 1;
    if (value >= end) break;
    if (strcmp(at, "user") == 0) snprintf(session->user, sizeof session->user, "%s", value);
    if (strcmp(at, "database") == 0) snprintf(session->database, sizeof session->database, "%s", value);
    at = value + strlen(value) + 1;
  }
  char message[256];
  const char *expected = env_set("POSTGRES_USER") ? getenv("POSTGRES_USER") : "postgres";
  if (!*session->user) {
    pg_error(conn, "FATAL", "28000", "no PostgreSQL user name specified in startup packet");
    conn_finish(conn);
  } else if (strcmp(session->user, expected) != 0 && !env_set("POSTGRES_PASSWORD")) {
    snprintf(message, sizeof message, "role \"%s\" does not exist", session->user);
    pg_error(conn, "FATAL", "28000", message);
    conn_finish(conn);
  } else if (env_set("POSTGRES_PASSWORD")) {
    session->stage = PG_PASSWORD;
    pg_message(conn, 'R', "\0\0\0\3", 4); /* the password in clear text */
  } else {
    session->stage = PG_READY;
    pg_welcome(conn);
  }
}

static size_t pg_received(struct conn *conn, const char *data, size_t length) {
  struct pg_session *session = conn->state;
  uint32_t size, code;
  size_t head = session->stage == PG_START ? 0 : 1;
  if (length < head + 8 && !(head && length >= 5)) return 0;
  memcpy(&size, data + head, 4);
  size_t total = head + ntohl(size);
  if (ntohl(size) < 4 || total > 8192) {
    if (!head) pg_error(conn, "FATAL", "08P01", "invalid length of startup packet");
    conn_finish(conn);
    return length;
  }
  if (length < total) return 0;
  if (!head) {
    memcpy(&code, data + 4, 4);
    code = ntohl(code);
    if (code == 80877103 || code == 80877104) conn_write(conn, "N", 1); /* no TLS, no GSS */
    else if (code == 80877102) conn_finish(conn);                       /* cancel */
    else if (code >> 16 == 3) {
      char *copy = must(calloc(1, total + 2));
      memcpy(copy, data, total);
      pg_startup(conn, copy, total);
      free(copy);
    } else {
      pg_error(conn, "FATAL", "0A000", "unsupported frontend protocol");
      conn_finish(conn);
    }
    return total;
  }
  char type = *data;
  if (type == 'X') conn_finish(conn);
  else if (type == 'p' && session->stage == PG_PASSWORD) {
    const char *password = getenv("POSTGRES_PASSWORD");
    const char *expected = env_set("POSTGRES_USER") ? getenv("POSTGRES_USER") : "postgres";
    size_t given = strnlen(data + 5, total - 5);
    char message[256];
    if (strcmp(session->user, expected) != 0 || given != strlen(password) || memcmp(data + 5, password, given) != 0) {
      snprintf(message, sizeof message, "password authentication failed for user \"%s\"", session->user);
      pg_error(conn, "FATAL", "28P01", message);
      conn_finish(conn);
    } else {
      session->stage = PG_READY;
      pg_welcome(conn);
    }
  } else if (type == 'Q' || type == 'S') {
    pg_error(conn, "ERROR", "0A000", "this is a stand-in for PostgreSQL: it lets you in, but holds no data");
    pg_message(conn, 'Z', "I", 1);
  }
  return total;
}

static const struct protocol pg_protocol = {pg_opened, pg_received, pg_closed, 16384, 0};

static void pg_signal(int signal) {
  if (signal == SIGHUP || signal == SIGWINCH) return;
  pg_log("LOG", signal == SIGTERM ? "received smart shutdown request"
                : signal == SIGINT ? "received fast shutdown request"
                                   : "received immediate shutdown request");
  pg_log("LOG", "database system is shut down");
  exit(0);
}

static int postgres_main(int argc, char **argv) {
  char line[128];
  int port = database_port(argc, argv, "port", 5432);
  if (!env_set("POSTGRES_PASSWORD") && (!env_set("POSTGRES_HOST_AUTH_METHOD") || strcmp(getenv("POSTGRES_HOST_AUTH_METHOD"), "trust") != 0)) {
    say(stderr, "Error: Database is uninitialized and superuser password is not specified.");
    say(stderr, "       Set POSTGRES_PASSWORD to a value that is not empty, or, to let everybody in without a");
    say(stderr, "       password, set POSTGRES_HOST_AUTH_METHOD to \"trust\".");
    return 1;
  }
  pg_log("LOG", "starting PostgreSQL 17.4 (stand-in)");
  int error = listen_on(port, 0, &pg_protocol, NULL);
  if (error) {
    snprintf(line, sizeof line, "could not bind IPv4 address \"0.0.0.0\": %s", strerror(error));
    pg_log("LOG", line);
    pg_log("FATAL", "could not create any TCP/IP sockets");
    return 1;
  }
  snprintf(line, sizeof line, "listening on IPv4 address \"0.0.0.0\", port %d", port);
  pg_log("LOG", line);
  pg_log("LOG", "database system is ready to accept connections");
  loop_on_signal(pg_signal);
  loop_run();
}

/* ---- mysql, mariadb ---- */

static const char *mysql_version = "8.4.4";
static uint32_t next_thread = 8;

static void mysql_packet(struct conn *conn, int sequence, const struct text *body) {
  unsigned char head[4] = {(unsigned char)body->length, (unsigned char)(body->length >> 8), (unsigned char)(body->length >> 16),
                           (unsigned char)sequence};
  conn_write(conn, head, 4);
  conn_write(conn, body->data, body->length);
}

static void mysql_opened(struct conn *conn) {
  static const char salt[] = "kW8#dP2q";
  static const char more[] = "z5Lr!mX0vTb9";
  struct text body = {0};
  uint32_t thread = next_thread++;
  text_print(&body, "%c%s-standin%c", 10, mysql_version, 0);
  text_add(&body, (char *)&thread, 4);
  text_add(&body, salt, 9);
  text_add(&body, "\x00\x82\xff\x02\x00\x08\x00\x15", 8); /* protocol 4.1, plugin authentication, no TLS */
  text_add(&body, "\0\0\0\0\0\0\0\0\0\0", 10);
  text_add(&body, more, 13);
  text_print(&body, "mysql_native_password%c", 0);
  mysql_packet(conn, 0, &body);
  text_free(&body);
}

static size_t mysql_received(struct conn *conn, const char *data, size_t length) {
  const unsigned char *head = (const unsigned char *)data;
  if (length < 4) return 0;
  size_t total = 4 + (size_t)(head[0] | head[1] << 8 | head[2] << 16);
  if (total > 16384) {
    conn_finish(conn);
    return length;
  }
  if (length < total) return 0;
  struct text body = {0};
  char user[64] = "";
  if (total > 36) snprintf(user, sizeof user, "%.*s", (int)strnlen(data + 36, total - 36), data + 36);
  text_add(&body, "\xff\x15\x04#28000", 9); /* 1045 */
  text_print(&body, "Access denied for user '%s'@'%s' (this is a stand-in for the database: it holds no accounts and no data)",
             user, address_text(&conn->peer));
  mysql_packet(conn, head[3] + 1, &body);
  text_free(&body);
  conn_finish(conn);
  return total;
}

static const struct protocol mysql_protocol = {.opened = mysql_opened, .received = mysql_received, .max_input = 32768, .idle_seconds = 60};

static const char *mysql_program;

static void mysql_log(const char *level, const char *message) {
  say(stderr, "%sZ 0 [%s] [Server] %s", time_text("%Y-%m-%dT%H:%M:%S.%6"), level, message);
}

static void mysql_signal(int signal) {
  char line[128];
  if (signal == SIGHUP || signal == SIGWINCH) return;
  mysql_log("System", "Received SHUTDOWN from user <via user signal>. Shutting down.");
  snprintf(line, sizeof line, "%s: Shutdown complete (%s).", mysql_program, mysql_version);
  mysql_log("System", line);
  exit(0);
}

static int sql_main(int argc, char **argv, const char *program, const char *version) {
  char line[160];
  mysql_program = program;
  mysql_version = version;
  int port = database_port(argc, argv, "port", 3306);
  bool any = env_set("MYSQL_ROOT_PASSWORD") || env_set("MYSQL_ALLOW_EMPTY_PASSWORD") || env_set("MYSQL_RANDOM_ROOT_PASSWORD") ||
             env_set("MARIADB_ROOT_PASSWORD") || env_set("MARIADB_ALLOW_EMPTY_ROOT_PASSWORD") || env_set("MARIADB_RANDOM_ROOT_PASSWORD");
  if (!any) {
    say(stderr, "%s+00:00 [ERROR] [Entrypoint]: Database is uninitialized and password option is not specified",
        time_text("%Y-%m-%d %H:%M:%S"));
    say(stderr, "    Set one of MYSQL_ROOT_PASSWORD, MYSQL_ALLOW_EMPTY_PASSWORD and MYSQL_RANDOM_ROOT_PASSWORD (or their MARIADB_ names).");
    return 1;
  }
  int error = listen_on(port, 0, &mysql_protocol, NULL);
  if (error) {
    snprintf(line, sizeof line, "Can't start server: Bind on TCP/IP port: %s", strerror(error));
    mysql_log("ERROR", line);
    return 1;
  }
  snprintf(line, sizeof line, "%s: ready for connections. Version: '%s-standin'  port: %d.", program, version, port);
  mysql_log("System", line);
  loop_on_signal(mysql_signal);
  loop_run();
}

static int mysql_main(int argc, char **argv) { return sql_main(argc, argv, "/usr/sbin/mysqld", "8.4.4"); }
static int mariadb_main(int argc, char **argv) { return sql_main(argc, argv, "mariadbd", "11.7.2-MariaDB"); }

/* ---- mongo ---- */

static void mongo_log(const char *component, const char *message) {
  say(stdout, "{\"t\":{\"$date\":\"%s+00:00\"},\"s\":\"I\",\"c\":\"%s\",\"id\":0,\"ctx\":\"main\",\"msg\":\"%s\"}",
      time_text("%Y-%m-%dT%H:%M:%S.%3"), component, message);
}

static void bson_int32(struct text *text, const char *name, int32_t value) {
  text_print(text, "\x10%s%c", name, 0);
  text_add(text, (char *)&value, 4);
}
static void bson_double(struct text *text, const char *name, double value) {
  text_print(text, "\x01%s%c", name, 0);
  text_add(text, (char *)&value, 8);
}
static void bson_true(struct text *text, const char *name) { text_print(text, "\x08%s%c%c", name, 0, 1); }
static void bson_string(struct text *text, const char *name, const char *value) {
  int32_t length = (int32_t)strlen(value) + 1;
  text_print(text, "\x02%s%c", name, 0);
  text_add(text, (char *)&length, 4);
  text_add(text, value, (size_t)length);
}

static bool asks_for(const char *data, size_t length, const char *command) {
  return memmem(data, length, command, strlen(command)) != NULL;
}

static struct text mongo_document(const char *data, size_t length) {
  struct text body = {0};
  text_add(&body, "\0\0\0\0", 4);
  if (asks_for(data, length, "hello") || asks_for(data, length, "ismaster") || asks_for(data, length, "isMaster")) {
    bson_true(&body, "isWritablePrimary");
    bson_true(&body, "ismaster");
    bson_true(&body, "helloOk");
    bson_int32(&body, "maxBsonObjectSize", 16777216);
    bson_int32(&body, "maxMessageSizeBytes", 48000000);
    bson_int32(&body, "maxWriteBatchSize", 100000);
    bson_int32(&body, "minWireVersion", 0);
    bson_int32(&body, "maxWireVersion", 25);
    bson_double(&body, "ok", 1);
  } else if (asks_for(data, length, "ping") || asks_for(data, length, "endSessions")) bson_double(&body, "ok", 1);
  else {
    bson_double(&body, "ok", 0);
    bson_string(&body, "errmsg", "this is a stand-in for MongoDB: it greets, but holds no data");
    bson_int32(&body, "code", 59);
    bson_string(&body, "codeName", "CommandNotFound");
  }
  text_add(&body, "\0", 1);
  int32_t size = (int32_t)body.length;
  memcpy(body.data, &size, 4);
  return body;
}

static size_t mongo_received(struct conn *conn, const char *data, size_t length) {
  int32_t head[4];
  if (length >= 4 && memcmp(data, "GET ", 4) == 0) {
    const char *text = "It looks like you are trying to access MongoDB over HTTP on the native driver port.\r\n";
    conn_print(conn, "HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s", strlen(text), text);
    conn_finish(conn);
    return length;
  }
  if (length < 16) return 0;
  memcpy(head, data, 16);
  if (head[0] < 16 || head[0] > 65536) {
    conn_finish(conn);
    return length;
  }
  if (length < (size_t)head[0]) return 0;
  bool query = head[3] == 2004;
  if (query || head[3] == 2013) {
    struct text body = mongo_document(data + 16, (size_t)head[0] - 16);
    size_t prefix = query ? 20 : 5;
    int32_t answer[4] = {(int32_t)(16 + prefix + body.length), head[1] + 1, head[1], query ? 1 : 2013};
    conn_write(conn, answer, 16);
    // A reply of one document (old), or flags and a section of kind 0 (new).
    if (query) conn_write(conn, "\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0", 20);
    else conn_write(conn, "\0\0\0\0\0", 5);
    conn_write(conn, body.data, body.length);
    text_free(&body);
  }
  return (size_t)head[0];
}

static const struct protocol mongo_protocol = {.received = mongo_received, .max_input = 131072};

static void mongo_signal(int signal) {
  if (signal == SIGHUP || signal == SIGWINCH) return;
  mongo_log("CONTROL", "Received signal");
  mongo_log("CONTROL", "Shutting down");
  exit(0);
}

static int mongo_main(int argc, char **argv) {
  int port = option_number(argc, argv, "port", 27017), error = listen_on(port, 0, &mongo_protocol, NULL);
  if (error) {
    mongo_log("CONTROL", "Failed to set up listener");
    return 48;
  }
  mongo_log("CONTROL", "MongoDB 8.0.5 (stand-in) starting");
  mongo_log("NETWORK", "Waiting for connections");
  loop_on_signal(mongo_signal);
  loop_run();
}

const struct role database_roles[] = {{"postgres", postgres_main}, {"mysqld", mysql_main}, {"mariadbd", mariadb_main}, {"mongod", mongo_main}, {0}};
