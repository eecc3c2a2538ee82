#!/bin/bash
# The first process of the lab: starts the daemons, waits, and stops them in order. usage: init.sh LAB NET HERE HOLD
LAB=$1 N=$2 HERE=$3 HOLD=$4
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
fail() { echo "$*" > "$LAB/failed"; stop; exit 1; }
T0=$(date +%s%N)
mark() { echo "$(( ($(date +%s%N) - T0) / 1000000 )) ms  $*"; }
stop() {
  trap '' TERM INT
  # what `postfix stop` does, less its one-second sleeps
  local m; m=($(cat "$LAB"/{sub,mx}/spool/pid/master.pid 2>/dev/null))
  for p in "${m[@]}" "${PIDS[@]}"; do kill -TERM "$p" 2>/dev/null; done
  # Postfix and knot get up to 2 s to finish. Dovecot takes 1 s and the milters up to 5 s (libmilter polls): they hold
  # nothing, and the kernel ends them with this pid namespace.
  for _ in $(seq 40); do
    for p in "${m[@]}" "${KEEP[@]}"; do kill -0 "$p" 2>/dev/null && { sleep 0.05; continue 2; }; done
    mark stopped; return
  done
  mark "stopped, not all by themselves"
}
PIDS=() KEEP=()
trap 'stop; exit 0' TERM INT
# private resolv.conf
mount --bind "$LAB/etc/resolv.conf" /etc/resolv.conf || fail "cannot bind resolv.conf"
# private /dev with a /dev/log of our own (opendkim, opendmarc, policyd-spf only speak syslog)
mount -t tmpfs -o mode=755 labdev "$LAB/dev" || fail "cannot mount a private /dev"
for d in null zero full random urandom tty; do touch "$LAB/dev/$d"; mount --bind "/dev/$d" "$LAB/dev/$d"; done
mkdir "$LAB/dev/shm"; mount -t tmpfs -o mode=1777 labshm "$LAB/dev/shm"
ln -s /proc/self/fd "$LAB/dev/fd"; ln -s /proc/self/fd/0 "$LAB/dev/stdin"; ln -s /proc/self/fd/1 "$LAB/dev/stdout"; ln -s /proc/self/fd/2 "$LAB/dev/stderr"
mount --rbind "$LAB/dev" /dev
run() { # name command...   (foreground daemon in the background, output to its log)
  local n=$1; shift
  "$@" >"$LAB/log/$n.out" 2>&1 & PIDS+=($!); echo $! > "$LAB/log/$n.nspid"
}
up() { # host port : wait until it accepts TCP
  for _ in $(seq 3000); do
    (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null && return 0
    for p in "${PIDS[@]}"; do kill -0 "$p" 2>/dev/null || fail "ended at once: $(grep -lx "$p" "$LAB"/log/*.nspid)"; done
    sleep 0.02
  done
  fail "nothing answers at $1:$2"
}
run syslog   python3 "$HERE/lib/syslog.py" /dev/log "$LAB/log/syslog"
mkdir -p "$LAB/knot/db"
run knotd    knotd -c "$LAB/etc/knot.conf"
run gateway  python3 "$HERE/lib/gateway.py" "$N" "$N.0.25" 10,20,30,31,40,50,60 2525
run https443 python3 "$HERE/lib/https.py" "$N.0.44" 443 "$LAB/tls/good.crt" "$LAB/tls/good.key" mail.example.test
run https8443 python3 "$HERE/lib/https.py" "$N.0.44" 8443 "$LAB/tls/good.crt" "$LAB/tls/good.key" mail.example.test
run dovecot  dovecot -F -c "$LAB/etc/dovecot.conf"
# Postfix makes its queue folders on the first start; both instances at once
KEEP=($(cat "$LAB"/log/knotd.nspid))
postfix -c "$LAB/mx/etc"  start >>"$LAB/log/mx.start" 2>&1 & P1=$!
postfix -c "$LAB/sub/etc" start >>"$LAB/log/sub.start" 2>&1 & P2=$!
up "$N.0.54" 53; mark knot
# the trust anchor of example.test
keymgr -c "$LAB/etc/knot.conf" example.test ds | head -1 > "$LAB/etc/anchors"
run unbound  unbound -d -p -c "$LAB/etc/unbound.conf"
run dkim-mx  opendkim -f -x "$LAB/etc/opendkim-mx.conf"
run dkim-sub opendkim -f -x "$LAB/etc/opendkim-sub.conf"
run dmarc opendmarc -f -c "$LAB/etc/opendmarc.conf"
run postgrey postgrey --inet="$N.0.25:10023" --dbdir="$LAB/postgrey" --delay=6 --greylist-text='Greylisted for %s seconds' --user=root --group=root --whitelist-clients=/dev/null --whitelist-recipients=/dev/null
up "$N.0.53" 5353; mark dns
for p in 8891 8893; do up "$N.0.25" $p; done; up "$N.0.87" 8892; mark milters
up "$N.0.143" 1993; mark dovecot
wait $P1 || fail "postfix mx"; wait $P2 || fail "postfix sub"
up "$N.0.25" 2525; up "$N.0.87" 1587; up "$N.2.60" 2525; mark postfix
up "$N.0.25" 10023; mark postgrey
# a daemon that lost a race for an address has ended by now, though another lab's answers at it
sleep 0.1
for p in "${PIDS[@]}"; do kill -0 "$p" 2>/dev/null || fail "ended: $(grep -lx "$p" "$LAB"/log/*.nspid)"; done
touch "$LAB/ready"
if [ "$HOLD" = 1 ]; then
  # read fails with 1 at end of input, with more than 128 when the second is over
  while read -r -t 1 _; r=$?; [ $r -ne 1 ]; do :; done
  stop; exit 0
fi
while :; do sleep 1 & wait $!; done
