/* Programs that only have to be there: pause, the control plane, network plugins. They say so and wait. */
#include "standin.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void pause_signal(int signal) {
  if (signal == SIGHUP || signal == SIGWINCH) return;
  say(stderr, "Shutting down, got signal: %s", signal == SIGINT ? "Interrupt" : "Terminated");
  exit(0);
}

static int pause_main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "-v") == 0) {
    say(stdout, "pause.c 3.10 (stand-in)");
    return 0;
  }
  loop_on_signal(pause_signal);
  loop_run();
}

/* Lines of a program's start in klog's form, `I0102 15:04:05.000000       1 file.go:1] text`. */
struct voice {
  const char *name, *lines[4];
};

static const struct voice voices[] = {
    {"kube-apiserver", {"server.go:160] Version: stand-in; the cluster's API is served by the platform", "secure_serving.go:213] Serving securely on [::]:6443"}},
    {"kube-controller-manager", {"controllermanager.go:190] Starting; the platform runs the controllers", "controllermanager.go:765] Started controllers"}},
    {"kube-scheduler", {"server.go:167] Starting Kubernetes Scheduler; the platform places the pods", "secure_serving.go:213] Serving securely on 127.0.0.1:10259"}},
    {"kube-proxy", {"server.go:234] Successfully retrieved node IP(s)", "server_linux.go:170] Using nftables Proxier; the platform writes the rules", "config.go:319] Caches are synced for service config"}},
    {"etcd", {"etcdmain/etcd.go:73 Running (stand-in); the platform keeps the state", "embed/serve.go:187 serving client traffic"}},
    {"calico-node", {"startup.go:427 Early log level set to info", "startup.go:510 Using autodetected IPv4 address", "felix.go:110 Felix starting up (stand-in); the platform programs nftables", "int_dataplane.go:1 Kernel dataplane in sync"}},
    {"calico-kube-controllers", {"main.go:118 Loaded configuration from environment", "main.go:147 Starting Node controller"}},
    {"calico-typha", {"daemon.go:97 Typha starting up (stand-in)"}},
    {"calico-apiserver", {"main.go:1 Calico API server starting (stand-in)"}},
    {"flanneld", {"main.go:211] CLI flags config; stand-in, the platform routes the pods", "main.go:386] Running backend.", "main.go:484] Waiting for all goroutines to exit"}},
    {"kube-router", {"version.go:66] Running kube-router (stand-in)", "network_policy_controller.go:192] Starting network policy controller"}},
    {"weaver", {"Weave Net (stand-in); the platform carries the packets", "->[peers] established"}},
    {"weave-npc", {"Starting Weaveworks NPC (stand-in)"}},
    {"cilium-agent", {"level=info msg=\"Cilium (stand-in); the platform enforces policies with nftables\" subsys=daemon", "level=info msg=\"Daemon initialization completed\" subsys=daemon"}},
    {"cilium-operator", {"level=info msg=\"Cilium Operator (stand-in)\" subsys=cilium-operator"}},
    {"metrics-server", {"secure_serving.go:213] Serving securely on [::]:10250"}},
    {"local-path-provisioner", {"level=info msg=\"Provisioner started (stand-in)\""}},
    {"tigera-operator", {"main.go:1 Version: stand-in", "main.go:1 Active operator: proceeding"}},
    {0}};

static int chatty_main(int argc, char **argv) {
  const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
  static const char *const questions[] = {"-felix-live", "-felix-ready", "-bird-live", "-bird-ready", "-shutdown",
                                          "-init", "-upgrade", "-show-status"};
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "-v") == 0) {
      say(stdout, "%s (stand-in)", name);
      return 0;
    }
    // Probes and init containers ask the same program: all is well.
    for (size_t k = 0; k < sizeof questions / sizeof *questions; k++)
      if (strcmp(argv[i], questions[k]) == 0) return 0;
  }
  for (const struct voice *voice = voices; voice->name; voice++)
    if (strcmp(voice->name, name) == 0)
      for (size_t i = 0; i < 4 && voice->lines[i]; i++) {
        bool klog = strstr(voice->lines[i], "] ") != NULL;
        if (klog) say(stderr, "I%s %7d %s", time_text("%m%d %H:%M:%S.%6"), (int)getpid(), voice->lines[i]);
        else say(stderr, "%s %s", time_text("%Y-%m-%d %H:%M:%S.%3"), voice->lines[i]);
      }
  loop_run();
}

/* Copies nothing, succeeds: what an installer in an init container has to do here. */
static int installer_main(int argc, char **argv) {
  (void)argc;
  say(stdout, "%s (stand-in): nothing to install, the platform connects the pods", argv[0]);
  return 0;
}

const struct role idle_roles[] = {{"pause", pause_main},
                                  {"kube-apiserver", chatty_main},
                                  {"kube-controller-manager", chatty_main},
                                  {"kube-scheduler", chatty_main},
                                  {"kube-proxy", chatty_main},
                                  {"etcd", chatty_main},
                                  {"calico-node", chatty_main},
                                  {"start_runit", chatty_main},
                                  {"calico-kube-controllers", chatty_main},
                                  {"kube-controllers", chatty_main},
                                  {"calico-typha", chatty_main},
                                  {"calico-apiserver", chatty_main},
                                  {"flanneld", chatty_main},
                                  {"kube-router", chatty_main},
                                  {"weaver", chatty_main},
                                  {"weave-npc", chatty_main},
                                  {"cilium-agent", chatty_main},
                                  {"cilium-operator", chatty_main},
                                  {"metrics-server", chatty_main},
                                  {"local-path-provisioner", chatty_main},
                                  {"tigera-operator", chatty_main},
                                  {"calico-install", installer_main},
                                  {"flannel-install", installer_main},
                                  {"install-cni", installer_main},
                                  {"calico-ipam", installer_main},
                                  {"check-status", installer_main},
                                  {0}};
