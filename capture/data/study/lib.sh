# Functions that the snippets of runtimes and workloads share. Every snippet runs in `sh -eu` behind this text.

# The bridge that sandboxes and the load driver share.
hap_bridge() {
    if ! ip link show hap0 > /dev/null 2>&1; then
        ip link add hap0 type bridge
        ip addr add "$HAP_GATEWAY/24" dev hap0
        ip link set hap0 up
    fi
}

# A network namespace `hap` with the sandbox's address, on the bridge.
hap_netns() {
    hap_bridge
    hap_netns_remove
    ip netns add hap
    ip link add vhap type veth peer name chap
    ip link set vhap master hap0 up
    ip link set chap netns hap
    ip -n hap link set chap name eth0
    ip -n hap addr add "$HAP_ADDRESS/24" dev eth0
    ip -n hap link set eth0 up
    ip -n hap link set lo up
    ip -n hap route add default via "$HAP_GATEWAY"
}

hap_netns_remove() {
    ip netns del hap > /dev/null 2>&1 || true
    ip link del vhap > /dev/null 2>&1 || true
}

# An OCI bundle in $HAP_STATE/bundle: the plan's root file system, read-only, with the workload's command. The first
# argument is the OCI form of a seccomp profile, or nothing.
hap_bundle() {
    mkdir -p "$HAP_STATE/bundle"
    cat > "$HAP_STATE/bundle/config.json" << END
{
  "ociVersion": "1.0.2",
  "process": {
    "terminal": false, "user": {"uid": 0, "gid": 0}, "cwd": "/tmp", "noNewPrivileges": true, "args": $HAP_ARGS_JSON,
    "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/tmp", "NODE_PATH=/usr/share/nodejs"],
    "capabilities": {
      "bounding": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
      "effective": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
      "permitted": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
    },
    "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 10240, "soft": 10240}]
  },
  "root": {"path": "$HAP_ROOTFS", "readonly": true},
  "hostname": "hap",
  "mounts": [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
    {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
    {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev"]}
  ],
  "linux": {
    "cgroupsPath": "/hap/hap",
    "namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}, {"type": "network", "path": "/var/run/netns/hap"}],
    "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
    ${1:+"\"seccomp\": $1,"}
    "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
  }
}
END
}

# Fails where gVisor's command lacks the platform.
hap_runsc_has() {
    "$1" flags 2>&1 | grep -q "$2"
}

hap_runsc_start() {
    hap_netns
    hap_bundle
    "$1" --root="$HAP_STATE/runsc" --network=sandbox --platform="$2" run -detach -pid-file "$HAP_STATE/pid" -bundle "$HAP_STATE/bundle" hap < /dev/null
}

# The sentry and the gofer, as pgrep and pkill find them.
hap_runsc_processes() {
    echo "^(runsc-(sandbox|gofer)|/proc/self/exe) (.* )?--root=$HAP_STATE/runsc (.* )?(boot|gofer) "
}

# Of a sentry that spins the command waits for the end.
hap_runsc_delete() {
    timeout -k 5 60 "$1" --root="$HAP_STATE/runsc" --platform="$2" delete -force hap
}

hap_runsc_stop() {
    hap_runsc_delete "$1" "$2" || {
        pkill -KILL -f "$(hap_runsc_processes)" || true
        hap_runsc_delete "$1" "$2" || true
    }
    hap_netns_remove
}

# Arguments of `hap-capture record` for gVisor: the sentry, its gofer, their control group.
hap_runsc_target() {
    echo "--container-pid $(cat "$HAP_STATE/pid")"
    for pid in $(pgrep -f "$(hap_runsc_processes)"); do
        echo "--pid $pid"
    done
}

# Requests and errors in the output of wrk.
hap_wrk_result() {
    awk '/ requests in /{n = $1} /Socket errors:/{gsub(",", ""); e += $4 + $6 + $8 + $10} /Non-2xx or 3xx responses:/{e += $5}
        END {printf "requests=%d errors=%d\n", n, e}' "$1"
}

# Requests and errors in the output of ab.
hap_ab_result() {
    awk '/^Complete requests:/{n = $3} /^Failed requests:/{e += $3} /^Non-2xx responses:/{e += $3}
        END {printf "requests=%d errors=%d\n", n, e}' "$1"
}

# HTTP load on the sandbox for $HAP_SECONDS, by wrk or else by ab.
hap_http_load() {
    url="http://$HAP_ADDRESS:$HAP_PORT/"
    if command -v wrk > /dev/null; then
        # A request that takes longer than its 2 s counts as an error of wrk: a slow sandbox is none.
        wrk --timeout 60s -t 1 -c "$HAP_CONNECTIONS" -d "${HAP_SECONDS}s" "$url" > "$HAP_RUN_DIR/load.txt"
        hap_wrk_result "$HAP_RUN_DIR/load.txt"
    else
        # -t sets a limit of 50,000 requests, so that -n must follow it.
        ab -q -k -c "$HAP_CONNECTIONS" -t "$HAP_SECONDS" -n 2000000 "$url" > "$HAP_RUN_DIR/load.txt"
        hap_ab_result "$HAP_RUN_DIR/load.txt"
    fi
}

# Commands of one name that the redis server has processed so far.
hap_redis_count() {
    calls=$(redis-cli -h "$HAP_ADDRESS" -p "$HAP_PORT" info commandstats | sed -n "s/^cmdstat_$1:calls=\([0-9]*\).*/\1/p")
    echo "${calls:-0}"
}

# redis-benchmark with one test for $HAP_SECONDS; it has no limit of time itself.
hap_redis_load() {
    timeout -s INT "$HAP_SECONDS" redis-benchmark -h "$HAP_ADDRESS" -p "$HAP_PORT" -t "$1" -c "$HAP_CONNECTIONS" \
        -n 1000000000 -r 100000 -q > "$HAP_RUN_DIR/load.txt" 2>&1 || [ $? -eq 124 ] || [ $? -eq 130 ]
    echo "errors=$(grep -ci 'error' "$HAP_RUN_DIR/load.txt" || true)"
}
