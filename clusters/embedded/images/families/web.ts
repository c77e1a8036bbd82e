import type { ImageEntry } from '../image-entry.js';

const NGINX_CONF = `worker_processes  1;

events {
    worker_connections  512;
}

http {
    default_type  application/octet-stream;
    include       /etc/nginx/conf.d/*.conf;
}
`;

const DEFAULT_CONF = `server {
    listen       80;
    server_name  localhost;

    location / {
        root   /usr/share/nginx/html;
        index  index.html;
    }
}
`;

const MULTITOOL_CONF = `events {
}

http {
    server {
        listen 80;
        return 200 "Network multitool (stand-in) - $hostname - $server_addr\\n";
    }
}
`;

const NGINX =
  'A small web server of ours in place of nginx: real HTTP on the real port, nginx’s log lines, and the directives listen, server_name, root, alias, location, return, add_header and proxy_pass; others stop it with a message. The shell, bash too, is busybox’s.';

/** Web servers, and small servers that echo. */
export const WEB: readonly ImageEntry[] = [
  {
    names: ['nginx', 'nginxinc/nginx-unprivileged', 'bitnami/nginx'],
    entrypoint: ['docker-entrypoint.sh'],
    command: ['nginx', '-g', 'daemon off;'],
    ports: [80],
    roles: ['nginx', 'docker-entrypoint.sh', 'bash'],
    links: { '/docker-entrypoint.sh': '/usr/local/bin/docker-entrypoint.sh' },
    userland: 'busybox',
    files: { '/etc/nginx/nginx.conf': NGINX_CONF, '/etc/nginx/conf.d/default.conf': DEFAULT_CONF },
    writable: ['/usr/share/nginx/html'],
    env: { NGINX_VERSION: '1.27.4' },
    tags: /^(1\.\d{1,2}(\.\d{1,2})?(-[a-z0-9.-]+)?|mainline(-[a-z0-9.-]+)?|perl)$/,
    honesty: NGINX,
  },
  {
    names: ['httpd'],
    command: ['httpd-foreground'],
    ports: [80],
    roles: ['httpd', 'httpd-foreground', 'bash'],
    userland: 'busybox',
    workingDir: '/',
    honesty:
      'A small web server of ours in place of Apache: real HTTP on port 80, the “It works!” page or the files of a volume at /usr/local/apache2/htdocs, Apache’s log lines; no configuration. The shell, bash too, is busybox’s.',
  },
  {
    names: ['hashicorp/http-echo'],
    entrypoint: ['http-echo'],
    ports: [5678],
    roles: ['http-echo'],
    links: { '/http-echo': '/usr/local/bin/http-echo' },
    userland: 'minimal',
    honesty: 'A program of ours that answers as http-echo does: -text, -listen, /health.',
  },
  {
    names: [
      'gcr.io/google-samples/hello-app',
      'us-docker.pkg.dev/google-samples/containers/gke/hello-app',
    ],
    entrypoint: ['hello-app'],
    env: { PORT: '8080' },
    ports: [8080],
    roles: ['hello-app'],
    links: { '/hello-app': '/usr/local/bin/hello-app' },
    userland: 'minimal',
    honesty: 'A program of ours that answers as hello-app does: greeting, version, host name.',
  },
  {
    names: [
      'registry.k8s.io/echoserver',
      'gcr.io/google_containers/echoserver',
      'gcr.io/kubernetes-e2e-test-images/echoserver',
      'registry.k8s.io/e2e-test-images/echoserver',
    ],
    command: ['echoserver'],
    ports: [8080],
    roles: ['echoserver'],
    userland: 'busybox',
    honesty:
      'A program of ours that shows the request as echoserver does; HTTP only, no TLS on 8443.',
  },
  {
    names: ['traefik/whoami', 'containous/whoami', 'jwilder/whoami'],
    entrypoint: ['whoami'],
    ports: [80],
    roles: ['whoami'],
    links: { '/whoami': '/usr/local/bin/whoami' },
    userland: 'minimal',
    honesty: 'A program of ours that shows host name, addresses and request as whoami does.',
  },
  {
    names: ['praqma/network-multitool', 'wbitt/network-multitool'],
    command: ['nginx', '-g', 'daemon off;'],
    ports: [80],
    roles: ['nginx', 'ping', 'traceroute'],
    userland: 'debian',
    files: { '/etc/nginx/nginx.conf': MULTITOOL_CONF },
    tags: /^(minimal|extra|alpine-[a-z]+|fedora-[a-z]+|openshift)$/,
    honesty:
      'The machine’s own curl, dig, nc, ip and so on, ping and traceroute of ours, with a small web server of ours on port 80; no TLS on 443.',
  },
];
