#!/bin/bash
# GATE=1|0: host-network move by hand between two netns on one machine
set -u
GATE=$1
R=/var/cache/transship/roots/docker28-fc51660f
criu() { ns=$1; shift; nsenter --net=/run/netns/hk-$ns $R/lib64/ld-linux-x86-64.so.2 --library-path $R/usr/lib/x86_64-linux-gnu $R/usr/sbin/criu "$@"; }
N() { ns=$1; shift; nsenter --net=/run/netns/hk-$ns "$@"; }
VIP=10.9.0.100
for n in lan c a b; do ip netns del hk-$n 2>/dev/null; done
for n in lan c a b; do ip netns add hk-$n; ip -n hk-$n link set lo up; done
ip -n hk-lan link add br0 type bridge; ip -n hk-lan link set br0 up
i=1
for n in c a b; do ip link add hk$n type veth peer name eth0 netns hk-$n; ip link set hk$n netns hk-lan; ip -n hk-lan link set hk$n master br0 up; ip -n hk-$n addr add 10.9.0.$i/24 dev eth0; ip -n hk-$n link set eth0 up; i=$((i+1)); done
gate() { [ $GATE = 1 ] || return 0; N $1 iptables-restore --wait --noflush <<X
*raw
:TRANSSHIP-GATE-01234567 - [0:0]
-A TRANSSHIP-GATE-01234567 -s $VIP -p tcp -j DROP
-A TRANSSHIP-GATE-01234567 -d $VIP -p tcp -j DROP
-I PREROUTING -j TRANSSHIP-GATE-01234567
-I OUTPUT -j TRANSSHIP-GATE-01234567
COMMIT
X
}
ungate() { [ $GATE = 1 ] || return 0; N $1 iptables-restore --wait --noflush <<X
*raw
-D PREROUTING -j TRANSSHIP-GATE-01234567
-D OUTPUT -j TRANSSHIP-GATE-01234567
-F TRANSSHIP-GATE-01234567
-X TRANSSHIP-GATE-01234567
COMMIT
X
}
acquire() { ip -n hk-$1 address replace $VIP/32 dev eth0; N $1 sh -c 'echo 1 >/proc/sys/net/ipv4/conf/eth0/arp_notify'; ip -n hk-$1 link set dev eth0 address "$(ip -n hk-$1 -o link show eth0 | sed 's/.*ether \(\S*\).*/\1/')"; }
acquire a
nsenter --net=/run/netns/hk-a setsid --fork python3 /tmp/h-criu/server.py </dev/null >/tmp/h-criu/out 2>/dev/null
sleep 2; P=$(pgrep -f 'python3 /tmp/h-criu/server.p[y]' | tail -1); echo server $P
rm -f /tmp/h-criu/fifo; mkfifo /tmp/h-criu/fifo
N c node /tmp/h-criu/client.js $VIP 8210 </tmp/h-criu/fifo >/tmp/h-criu/client.out 2>&1 & C=$!
exec 7>/tmp/h-criu/fifo
sleep 1.5
from=a to=b
for leg in 1 2; do
  rm -rf /tmp/h-criu/img; mkdir /tmp/h-criu/img
  gate $from
  criu $from dump -t $P -D /tmp/h-criu/img --tcp-established --leave-stopped -o dump.log -v2 --shell-job >/dev/null 2>&1 || { echo dump failed; grep Error /tmp/h-criu/img/dump.log; }
  ip -n hk-$from address del $VIP/32 dev eth0
  sleep .3   # as long as a publication takes: what comes now is in no dump
  gate $to; acquire $to
  kill -9 $P; while kill -0 $P 2>/dev/null; do sleep .01; done
  criu $to restore -d -D /tmp/h-criu/img --tcp-established -o restore.log -v2 --shell-job >/dev/null 2>&1 || { echo restore failed; grep Error /tmp/h-criu/img/restore.log; }
  ungate $to
  echo "leg $leg: orphans left on $from: $(N $from ss -Htn src $VIP | wc -l)"
  N $from ss --kill --tcp --numeric --no-header state connected src $VIP >/dev/null
  echo "after ss --kill: $(N $from ss -Htn src $VIP | wc -l)"
  ungate $from
  sleep 2
  from=b to=a
done
echo stop >&7
for i in $(seq 50); do kill -0 $C 2>/dev/null || break; sleep .2; done
kill $C 2>/dev/null; cat /tmp/h-criu/client.out
exec 7>&-
kill -9 $P 2>/dev/null
for n in lan c a b; do ip netns del hk-$n 2>/dev/null; done
