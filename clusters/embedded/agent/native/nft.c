/* nftables through libnftables, loaded when first needed: no nft process. A context per namespace (700 KB with
 * one table) is kept while commands come: closing its socket right after a deletion waits for the kernel. */
#include "agent.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OUTPUT_JSON (1u << 4)
#define IDLE_US 2000000

static struct {
  void *(*ctx_new)(uint32_t flags);
  void (*ctx_free)(void *);
  int (*buffer_output)(void *);
  int (*buffer_error)(void *);
  int (*run)(void *, const char *);
  const char *(*output)(void *);
  const char *(*error)(void *);
  void (*set_flags)(void *, unsigned);
} nft;
static bool loaded;
static Timer idle;

/* libnftables raises its socket's send buffer for large transactions with an option that only the
 * machine's real root may use, and ignores the refusal: more than some 400 chains then fail with "Message
 * too long". Here the library's call finds this function first, which asks again in the ordinary way. */
int setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
  long result = syscall(SYS_setsockopt, fd, level, name, value, length);
  if (result < 0 && errno == EPERM && level == SOL_SOCKET && (name == SO_SNDBUFFORCE || name == SO_RCVBUFFORCE))
    result = syscall(SYS_setsockopt, fd, level, name == SO_SNDBUFFORCE ? SO_SNDBUF : SO_RCVBUF, value, length);
  return (int)result;
}

static bool load(char *problem, size_t size) {
  if (loaded) return true;
  void *library = dlopen("libnftables.so.1", RTLD_NOW);
  if (!library) {
    snprintf(problem, size, "%s", dlerror());
    return false;
  }
  struct {
    const char *name;
    void *at;
  } symbols[] = {{"nft_ctx_new", &nft.ctx_new},
                 {"nft_ctx_free", &nft.ctx_free},
                 {"nft_ctx_buffer_output", &nft.buffer_output},
                 {"nft_ctx_buffer_error", &nft.buffer_error},
                 {"nft_run_cmd_from_buffer", &nft.run},
                 {"nft_ctx_get_output_buffer", &nft.output},
                 {"nft_ctx_get_error_buffer", &nft.error},
                 {"nft_ctx_output_set_flags", &nft.set_flags}};
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
    void *symbol = dlsym(library, symbols[i].name);
    if (!symbol) {
      snprintf(problem, size, "libnftables lacks %s", symbols[i].name);
      return false;
    }
    memcpy(symbols[i].at, &symbol, sizeof symbol);
  }
  return loaded = true;
}

void nft_close(Netns *netns) {
  if (netns->nft) nft.ctx_free(netns->nft);
  netns->nft = NULL;
}

static void give_back(Timer *timer) {
  (void)timer;
  netns_each(nft_close);
  malloc_trim(0);
}

/* namespace, script */
void nft_request(Ticket ticket, Fields *in, bool json) {
  char problem[256];
  Netns *netns = netns_find(field(in));
  const char *script = field(in);
  if (in->bad || !netns) {
    reply_error(ticket, netns ? "INVALID" : "NOT_FOUND", "no such namespace");
    return;
  }
  if (!load(problem, sizeof problem)) {
    reply_error(ticket, "NFT", "%s", problem);
    return;
  }
  if (netns->packet_log && !netns->log) packet_log_open(netns);
  if (!netns_enter(netns)) {
    reply_errno(ticket, errno, "cannot enter %s", netns->name);
    return;
  }
  if (!netns->nft) {
    netns->nft = nft.ctx_new(0);
    if (netns->nft && (nft.buffer_output(netns->nft) || nft.buffer_error(netns->nft))) nft_close(netns);
  }
  if (!netns->nft) {
    netns_leave();
    reply_error(ticket, "NFT", "no nft context");
    return;
  }
  idle.fire = give_back;
  timer_set(&idle, IDLE_US);
  nft.set_flags(netns->nft, json ? OUTPUT_JSON : 0);
  int failed = nft.run(netns->nft, script);
  const char *error = nft.error(netns->nft), *output = nft.output(netns->nft);
  netns_leave();
  if (failed) {
    reply_error(ticket, "NFT", "%s", error && *error ? error : "nft refused the commands");
    return;
  }
  put(reply_begin(ticket), output ? output : "");
  reply_end(ticket);
}
