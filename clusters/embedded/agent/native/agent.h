/* What the parts of the agent share. One thread, one epoll loop; nothing in here blocks. */
#ifndef GATEHOUSE_AGENT_H
#define GATEHOUSE_AGENT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

/* ---- loop.c: descriptors, timers, buffers ---------------------------------------------------- */

/* A descriptor in the loop. `fd` is -1 when closed; the owner's memory must outlive the turn: defer_free. */
typedef struct source Source;
struct source {
  int fd;
  uint32_t events;
  bool known; /* added to epoll */
  void (*ready)(Source *, uint32_t events);
};

typedef struct timer Timer;
struct timer {
  uint64_t at; /* microseconds of the monotonic clock */
  bool armed;
  void (*fire)(Timer *);
  Timer *next, *previous;
};

typedef struct {
  char *data;
  size_t start, length, capacity;
} Buffer;

#define CONTAINER(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))
#define SCRATCH_SIZE 65536
/* One buffer for every read of the process; its content does not survive a return to the loop. */
extern char scratch[SCRATCH_SIZE + 16];

/* A descriptor that is kept for long, moved to where it leaves the low numbers free: libnftables uses select, which
 * ends the process at a descriptor of 1024. */
int out_of_the_way(int fd);
void loop_open(void);
void loop_run(void) __attribute__((noreturn));
/* Watches a descriptor, or changes what is watched; events 0 still tells of a hang-up until ignored. */
void source_watch(Source *, uint32_t events);
void source_forget(Source *); /* out of the loop, descriptor stays open */
void source_close(Source *);
void defer_free(void *);
void timer_set(Timer *, uint64_t after_us);
void timer_cancel(Timer *);
uint64_t now_us(void);
void rfc3339(char out[40]); /* the current time with nanoseconds, in UTC */
void *must_allocate(size_t);
char *must_copy(const char *);

void buffer_add(Buffer *, const void *, size_t);
void buffer_take(Buffer *, size_t);
void buffer_free(Buffer *);
static inline char *buffer_at(const Buffer *b) { return b->data + b->start; }
/* Sends what can be sent. False when the descriptor is broken. */
bool buffer_flush(Buffer *, int fd);

/* ---- protocol.c: requests, replies, events --------------------------------------------------- */

typedef struct connection Connection;

/* Reads the fields of one message in order. `bad` once something is missing. */
typedef struct {
  const char *at, *end;
  bool bad;
} Fields;
const char *field(Fields *);
const char *field_bytes(Fields *, size_t *length);
long long field_number(Fields *);
bool field_flag(Fields *);
/* A counted list as a NULL-ended array whose strings live in the message. The caller frees the array. */
char **field_list(Fields *);

/* A reply may come later than its request, and after its connection is gone: then it goes nowhere. */
typedef struct {
  Connection *connection;
  uint32_t generation;
  uint32_t id;
} Ticket;

void message_begin(Buffer *, const char *first, const char *second);
void put(Buffer *, const char *);
void put_bytes(Buffer *, const void *, size_t);
void put_number(Buffer *, long long);
void message_end(Buffer *);

void reply_ok(Ticket); /* an empty answer */
Buffer *reply_begin(Ticket); /* `put` into it, then reply_end */
void reply_end(Ticket);
void reply_error(Ticket, const char *code, const char *format, ...) __attribute__((format(printf, 3, 4)));
void reply_errno(Ticket, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));
const char *errno_name(int error);

/* Events: to every subscriber. Droppable ones are left out where a subscriber does not read. */
bool has_subscribers(void);
void event_begin(const char *name);
Buffer *event_buffer(void);
bool event_end(bool droppable);

/* Takes a connection over as a data connection. The ticket's id is answered by first_reply_*. */
int connection_detach(Connection *, int passed[3]);
bool first_reply_ok(int fd, uint32_t id, uint32_t number);
void first_reply_error(int fd, uint32_t id, const char *code, const char *message);

void protocol_listen(const char *path, uint64_t grace_us);

/* ---- namespaces.c: network namespaces by name ------------------------------------------------ */

typedef struct netns Netns;
struct netns {
  char *name;
  int fd;
  int netlink; /* open during one batch of operations, else -1 */
  bool packet_log;
  uint16_t probe_port; /* the last one a probe was sent from */
  void *nft; /* nft.c */
  void *log; /* packet-log.c */
  void *relays; /* relay.c */
  Netns *next;
};

void namespaces_open(void);
Netns *netns_find(const char *name);
void netns_each(void (*visit)(Netns *));
/* The loop's own namespace is home; every enter must be followed by leave before the loop goes on. */
bool netns_enter(const Netns *);
void netns_leave(void);
int netns_socket(const Netns *, int family, int type, int protocol);
void network_request(Ticket, Fields *);
void namespaces_request(Ticket);
extern int own_pid_namespace;

/* ---- netlink.c: links, addresses, routes ----------------------------------------------------- */

/* Each returns 0 or an errno. */
int link_veth(Netns *a, const char *a_name, const char *a_mac, Netns *b, const char *b_name, const char *b_mac);
int link_bridge(Netns *, const char *name);
int link_enslave(Netns *, const char *link, const char *bridge);
int link_delete(Netns *, const char *name);
int link_up(Netns *, const char *name);
int address_add(Netns *, const char *link, const char *cidr);
int route_set(Netns *, const char *cidr, const char *via, const char *link, bool onlink, bool blackhole);
int route_delete(Netns *, const char *cidr);
int neighbour_set(Netns *, const char *link, const char *address, const char *mac);
void netlink_close(Netns *);

/* ---- nft.c ----------------------------------------------------------------------------------- */

void nft_request(Ticket, Fields *, bool json);
void nft_close(Netns *);

/* ---- conntrack.c ---------------------------------------------------------------------------- */

void conntrack_request(Ticket, Fields *);

/* ---- packet-log.c ---------------------------------------------------------------------------- */

void packet_log_open(Netns *);
void packet_log_close(Netns *);

/* ---- spawn.c: one fork for kept processes and for exec ---------------------------------------- */

typedef struct {
  long long address_space, processes, file_size, open_files, memory; /* -1: not limited */
  int nice;
} Limits;
void field_limits(Fields *, Limits *);

typedef struct child Child;
struct child {
  pid_t pid;
  void (*ended)(Child *, int status);
  Child *next;
};

typedef struct spawn Spawn;
struct spawn {
  char **argv, **env;
  const char *cwd;
  int stdio[3];
  bool terminal; /* stdio[0] becomes the controlling terminal */
  const Netns *netns; /* or NULL */
  int pidfd; /* of a process whose namespaces to join, or -1 */
  bool join_user;
  bool confined;
  int filter_fd; /* where the child finds the system call filter for bubblewrap, or -1 */
  Limits limits;
};

/* What became of exec in the child, told once. `error` 0: the program runs. */
typedef struct launch Launch;
struct launch {
  Source source;
  void (*done)(Launch *, int error, const char *step);
};

/* Forks. Returns 0 or an errno; on success `launch->done` follows, and `child->ended` when it ends. */
int spawn(const Spawn *, Launch *, Child *);
/* For a child that has ended: tells `done` now, if it has not been told. */
void launch_settle(Launch *);
/* Says it as a container runtime would. */
void describe_launch_error(char *out, size_t size, const char *command, int error, const char *step);
void children_open(void);
int exit_code_of(int status);

/* ---- confine.c ------------------------------------------------------------------------------- */

/* In a child: no capabilities, no new privileges, no way to more namespaces. Returns 0 or an errno. */
int confine_self(void);
/* A descriptor from which bubblewrap's --seccomp reads the same filter. */
int filter_descriptor(void);

/* ---- sandbox.c: the processes of a container -------------------------------------------------- */

/* The process that a container's user would call its main one; 0 while bubblewrap still builds, -1 gone. */
pid_t sandbox_main(pid_t kept);
/* Signals the main process. */
void sandbox_signal(pid_t kept, int signal);
/* Kills everything. */
void sandbox_kill(pid_t kept);
bool same_namespace(pid_t pid, const char *kind);

typedef struct {
  pid_t root;
  unsigned long long cpu_ms, rss;
  unsigned processes;
} Usage;
/* Fills in cpu, memory and number for the trees below the given roots, in one look at /proc. */
void measure_usage(Usage *, size_t count);
/* Kernel memory that files take in a sandbox's folders in memory, however small they are. */
unsigned long long bytes_of_files(pid_t kept);

/* ---- processes.c: kept processes ------------------------------------------------------------- */

typedef struct session Session;
typedef struct kept Kept;
Kept *kept_find(const char *id);
pid_t kept_pid(const Kept *); /* 0 when it has ended */
void start_request(Ticket, Fields *);
void processes_request(Ticket);
void signal_request(Ticket, Fields *);
void forget_request(Ticket, Fields *);
void usage_request(Ticket);
void stdin_to_kept(Kept *, Buffer *pending, bool end);
void kept_attach(Kept *, Session *);
void kept_detach(Kept *, Session *);
void kept_resize(Kept *, int columns, int rows);
void kept_resume(Kept *); /* an attached session can take output again */
/* Writes into the kept process's input; returns what was taken, -1 when it is closed. */
ssize_t kept_write(Kept *, const char *, size_t);
void kept_close_stdin(Kept *);
bool kept_has_stdin(const Kept *);

/* ---- log-file.c: container logs in CRI format ------------------------------------------------- */

typedef struct {
  int fd;
  char *path;
  long long size, limit;
  Buffer partial[2];
  bool open_line[2];
} LogFile;
bool log_open(LogFile *, const char *path, long long bytes);
/* Returns how much that came to in the file. */
size_t log_write(LogFile *, int stream, const char *, size_t);
void log_end(LogFile *, int stream);
void log_close(LogFile *);

/* ---- exec.c: sessions ------------------------------------------------------------------------ */

void exec_request(Ticket, Fields *);
void attach_request(Ticket, Fields *);
void session_request(Ticket, Fields *, bool is_signal);
/* The kept process whose sandbox this child of a session joined, or 0. */
pid_t session_owner(pid_t);
/* For attached sessions. False: it has more than it can send, stop reading. */
bool session_output(Session *, int stream, const char *, size_t);
void session_kept_ended(Session *, int status);
Session *session_next_attached(Session *);
void session_set_next(Session *, Session *);

/* ---- relay.c --------------------------------------------------------------------------------- */

void relay_request(Ticket, Fields *);
void relay_close_request(Ticket, Fields *);
void dial_request(Ticket, Fields *);
void relays_close(Netns *);

/* ---- probe.c --------------------------------------------------------------------------------- */

void probe_request(Ticket, Fields *);
typedef struct {
  uint32_t source, destination; /* network order */
  uint16_t source_port, destination_port;
  uint16_t query_id; /* of ICMP, where it asks or answers */
  int protocol;
} LoggedPacket;

bool probes_pending(void);
/* A rule dropped (and logged) a packet: perhaps one of ours. */
void probe_saw_drop(const Netns *, const char *prefix, const LoggedPacket *);

#endif
