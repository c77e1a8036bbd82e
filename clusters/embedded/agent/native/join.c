/* The command of a terminal: runs a program in a cluster through its agent, on this terminal.
 *
 *   join --socket PATH (--process ID [--unconfined] | --netns NAME) [--cwd DIR] [--env K=V]… [--limits L] -- COMMAND…
 *
 * Three ways, the fewest hops that work: no terminal: the agent gets our own streams. We lead a session of our
 * own (as the child of a terminal library does): the terminal itself is handed over, and keystrokes never pass
 * through here. Else (a person's own shell started us): a new terminal inside, bytes relayed, ours in raw mode. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

enum { FRAME_SIGNAL = 4, FRAME_EXIT = 6 };

static int agent = -1, master = -1;
static struct termios before;
static bool raw;
static volatile sig_atomic_t resized;

static void restore(void) {
  if (raw) tcsetattr(0, TCSADRAIN, &before);
  raw = false;
}

static void __attribute__((noreturn)) fail(int code, const char *what, const char *detail) {
  restore();
  dprintf(2, "%s%s%s\n", what, *detail ? ": " : "", detail);
  exit(code);
}

/* ---- the request ---- */

static char *request;
static size_t length, capacity;

static void add(const void *bytes, size_t count) {
  if (length + count > capacity) {
    capacity = (length + count) * 2;
    request = realloc(request, capacity);
    if (!request) abort();
  }
  memcpy(request + length, bytes, count);
  length += count;
}

static void put(const char *text) {
  uint32_t size = (uint32_t)strlen(text);
  add(&size, 4);
  add(text, size + 1);
}

static void put_number(long long number) {
  char text[24];
  snprintf(text, sizeof text, "%lld", number);
  put(text);
}

static void put_list(char **list, int count) {
  put_number(count);
  for (int i = 0; i < count; i++) put(list[i]);
}

static void connect_agent(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) fail(125, "the socket's path is too long", path);
  strcpy(address.sun_path, path);
  agent = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (agent < 0 || connect(agent, (struct sockaddr *)&address, sizeof address) < 0)
    fail(125, "the cluster does not answer", strerror(errno));
}

static void send_request(const int fds[3]) {
  char control[CMSG_SPACE(sizeof(int) * 3)];
  memset(control, 0, sizeof control);
  uint32_t size = (uint32_t)length - 4;
  memcpy(request, &size, 4);
  struct iovec part = {.iov_base = request, .iov_len = length};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int) * 3);
  memcpy(CMSG_DATA(rights), fds, sizeof(int) * 3);
  ssize_t sent = sendmsg(agent, &message, MSG_NOSIGNAL);
  if (sent < 0) fail(125, "the cluster does not answer", strerror(errno));
  for (size_t at = (size_t)sent; at < length;) {
    ssize_t more = send(agent, request + at, length - at, MSG_NOSIGNAL);
    if (more <= 0) fail(125, "the cluster does not answer", strerror(errno));
    at += (size_t)more;
  }
}

static bool read_all(void *into, size_t count) {
  for (size_t at = 0; at < count;) {
    ssize_t got = recv(agent, (char *)into + at, count - at, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += (size_t)got;
  }
  return true;
}

/* Returns when the program runs; otherwise ends with what the agent said. */
static void read_answer(void) {
  uint32_t size;
  if (!read_all(&size, 4) || size > 65536) fail(125, "the cluster ended", "");
  char *message = malloc(size + 1);
  if (!message || !read_all(message, size)) fail(125, "the cluster ended", "");
  const char *fields[4] = {"", "", "", ""};
  size_t at = 0;
  for (int i = 0; i < 4 && at + 5 <= size; i++) {
    uint32_t count;
    memcpy(&count, message + at, 4);
    if (count > size - at - 5) break;
    fields[i] = message + at + 4;
    at += 5 + (size_t)count;
  }
  if (!strcmp(fields[1], "ok")) {
    free(message);
    return;
  }
  int code = !strcmp(fields[2], "COMMAND_NOT_FOUND") ? 127 : !strcmp(fields[2], "COMMAND_NOT_RUN") ? 126 : 125;
  fail(code, fields[3], "");
}

/* ---- while it runs ---- */

static void on_resize(int number) {
  (void)number;
  resized = 1;
}

/* Signals meant for the program when it has no terminal to get them from. */
static void on_signal(int number) {
  unsigned char frame[6] = {2, 0, 0, 0, FRAME_SIGNAL, (unsigned char)number};
  if (send(agent, frame, sizeof frame, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) errno = 0;
}

static void copy_size(void) {
  struct winsize size;
  if (ioctl(0, TIOCGWINSZ, &size) == 0) ioctl(master, TIOCSWINSZ, &size);
}

static bool write_all(int fd, const char *bytes, size_t count) {
  while (count) {
    ssize_t done = write(fd, bytes, count);
    if (done < 0 && (errno == EINTR || errno == EAGAIN)) {
      struct pollfd wait = {.fd = fd, .events = POLLOUT};
      if (errno == EAGAIN) poll(&wait, 1, -1);
      continue;
    }
    if (done <= 0) return false;
    bytes += done;
    count -= (size_t)done;
  }
  return true;
}

/* Copies between our terminal and the inner one until the agent tells the end; returns the exit code. */
static int relay(void) {
  static char bytes[65536];
  sigset_t blocked, open;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGWINCH);
  sigprocmask(SIG_BLOCK, &blocked, &open);
  int code = -1;
  char *input = NULL; /* typed, and not taken by the inner terminal yet */
  size_t input_length = 0;
  static char typed[4096];
  bool drained = master < 0;
  while (code < 0 || !drained) {
    struct pollfd watched[3] = {
        {.fd = code < 0 ? agent : -1, .events = POLLIN},
        {.fd = drained ? -1 : master, .events = (short)(POLLIN | (input_length ? POLLOUT : 0))},
        {.fd = master < 0 || input_length || code >= 0 ? -1 : 0, .events = POLLIN}};
    /* After the end: what the inner terminal still holds, without waiting. */
    struct timespec none = {0};
    int count = ppoll(watched, 3, code >= 0 ? &none : NULL, &open);
    if (resized) {
      resized = 0;
      if (master >= 0) copy_size();
    }
    if (count < 0) continue;
    if (count == 0) break;
    if (watched[0].revents) {
      unsigned char frame[6];
      code = read_all(frame, sizeof frame) && frame[4] == FRAME_EXIT ? frame[5] : 137;
    }
    if (watched[1].revents & POLLOUT) {
      ssize_t taken = write(master, input, input_length);
      if (taken > 0) {
        input += taken;
        input_length -= (size_t)taken;
      }
    }
    if (watched[1].revents & (POLLIN | POLLHUP | POLLERR)) {
      ssize_t got = read(master, bytes, sizeof bytes);
      if (got > 0) {
        if (!write_all(1, bytes, (size_t)got)) return 129;
      } else if (got == 0 || errno != EAGAIN) {
        drained = true;
      }
    }
    if (watched[2].revents) {
      ssize_t got = read(0, typed, sizeof typed);
      if (got <= 0) return 129; /* our terminal is gone: closing the inner one hangs the session up */
      input = typed;
      input_length = (size_t)got;
    }
  }
  return code;
}

static void open_inner_terminal(int fds[3]) {
  master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (master < 0 || unlockpt(master)) fail(125, "no new terminal", strerror(errno));
  copy_size();
  int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0) fail(125, "no new terminal", strerror(errno));
  if (tcgetattr(0, &before) == 0) {
    struct termios mode = before;
    tcsetattr(slave, TCSANOW, &before);
    cfmakeraw(&mode);
    raw = tcsetattr(0, TCSADRAIN, &mode) == 0;
  }
  struct sigaction action = {.sa_handler = on_resize};
  sigaction(SIGWINCH, &action, NULL);
  for (int i = 0; i < 3; i++) fds[i] = slave;
}

int main(int argc, char **argv) {
  const char *socket_path = NULL, *process = NULL, *netns = NULL, *cwd = "";
  long long limits[6] = {-1, -1, -1, -1, -1, 0};
  bool confined = true;
  char **env = calloc((size_t)argc + 1, sizeof *env);
  int env_count = 0, at = 1;
  if (!env) abort();
  for (; at < argc && strcmp(argv[at], "--"); at++) {
    const char *option = argv[at];
    if (!strcmp(option, "--unconfined")) {
      confined = false;
      continue;
    }
    char *value = at + 1 < argc ? argv[++at] : NULL;
    if (!value) fail(125, "an option lacks its value", option);
    if (!strcmp(option, "--socket")) socket_path = value;
    else if (!strcmp(option, "--process")) process = value;
    else if (!strcmp(option, "--netns")) netns = value;
    else if (!strcmp(option, "--cwd")) cwd = value;
    else if (!strcmp(option, "--env")) env[env_count++] = value;
    else if (!strcmp(option, "--limits")) {
      for (int i = 0; i < 6 && *value; i++) {
        limits[i] = strtoll(value, &value, 10);
        if (*value == ',') value++;
      }
    } else fail(125, "unknown option", option);
  }
  at++;
  if (!socket_path || (!process && !netns) || at >= argc)
    fail(125, "usage: join --socket PATH (--process ID | --netns NAME) [--cwd DIR] [--env K=V]... -- COMMAND...", "");

  bool terminal = isatty(0) && isatty(1);
  bool leader = terminal && getsid(0) == getpid() && tcgetsid(0) == getpid();
  int fds[3] = {0, 1, 2};
  connect_agent(socket_path);
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  if (leader) {
    sigaction(SIGHUP, &ignore, NULL);
    if (ioctl(0, TIOCNOTTY) < 0) leader = false; /* gives the terminal up, for the program to take */
  }
  if (terminal && !leader) open_inner_terminal(fds);

  add("\0\0\0\0", 4);
  put("1");
  put("exec");
  put_list(argv + at, argc - at);
  put_list(env, env_count);
  put(cwd);
  put(terminal ? "1" : "0");
  put("0");
  put("0");
  for (int i = 0; i < 6; i++) put_number(limits[i]);
  put(process ? "process" : "netns");
  put(process ? process : netns);
  put(confined ? "1" : "0");
  send_request(fds);
  if (fds[0] > 2) close(fds[0]);
  read_answer();
  free(request);
  free(env);
  /* The program has them now; it alone decides when a pipe's other side sees the end. */
  if (!terminal || leader) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < 2; i++) dup2(null, i);
  }
  if (leader) {
    struct sigaction ordinary = {.sa_handler = SIG_DFL};
    sigaction(SIGHUP, &ordinary, NULL);
  }
  if (!terminal) {
    struct sigaction pass = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    int passed[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++) sigaction(passed[i], &pass, NULL);
  }
  int code = relay();
  restore();
  return code;
}
