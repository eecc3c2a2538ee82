# shellcheck shell=bash
# Names: the authority with its zones, and a validating resolver that knows nothing else.

# Authority.
{ cat <<E
server:
    listen: $N.0.54@53
    rundir: $LAB/knot
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
control:
    listen: $LAB/knot/ctl
database:
    storage: $LAB/knot/db
policy:
  - id: lab
    algorithm: ecdsap256sha256
    single-type-signing: on
template:
  - id: default
    storage: $LAB/dns
    zonefile-sync: -1                    # never rewrite the zone files; changes by knotc live in the journal
    zonefile-load: difference-no-serial
    journal-content: all
zone:
E
while read -r z; do
  f=$z; [ "$z" = . ] && f=root
  printf '  - domain: %s\n    file: %s.zone\n' "$z" "$f"
  [ "$z" = example.test ] && printf '    dnssec-signing: on\n    dnssec-policy: lab\n'
done < "$LAB/dns/zones.list"; } > "$LAB/etc/knot.conf"

# Unbound (validating resolver; knows only the lab).
cat > "$LAB/etc/unbound.conf" <<E
server:
  interface: $N.0.53@53
  interface: $N.0.53@5353
  access-control: 127.0.0.0/8 allow
  directory: "$LAB/ub"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: "$LAB/log/unbound.log"
  num-threads: 1
  do-ip6: no
  do-not-query-localhost: no              # the default refuses 127/8 name servers
  module-config: "validator iterator"
  trust-anchor-file: "$LAB/etc/anchors"   # example.test is signed
  cache-max-ttl: 2
  cache-max-negative-ttl: 1
  serve-expired: no
  rrset-roundrobin: no                    # else "which of two SPF records comes first" changes from run to run
  unwanted-reply-threshold: 0
  local-zone: "test." nodefault           # built-in empty zones that would shadow ours
  local-zone: "127.in-addr.arpa." nodefault
  local-zone: "113.0.203.in-addr.arpa." nodefault
stub-zone:                                # the whole tree, root included, is ours: no packet leaves the host
  name: "."
  stub-addr: $N.0.54@53
remote-control:
  control-enable: yes
  control-interface: $LAB/ub/ctl
E
# the resolver library inside opendkim does NOT read resolv.conf: without this file it recurses from the real root
cat > "$LAB/etc/libunbound.conf" <<E
server:
  do-not-query-localhost: no
  local-zone: "test." nodefault
  local-zone: "127.in-addr.arpa." nodefault
  local-zone: "113.0.203.in-addr.arpa." nodefault
  cache-max-ttl: 0
forward-zone:
  name: "."
  forward-addr: $N.0.53@5353
E
