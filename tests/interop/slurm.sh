#!/usr/bin/env bash
# The array job of docs/cluster/slurm.sh on a real Slurm: a one-node cluster on the loopback interface, whose
# tasks are killed midway and requeued. Merged, their parts must equal the sweep of a single machine, byte
# for byte. Installs Debian's slurm-wlm when it is missing. Usage: tests/interop/slurm.sh PROGRAM
set -euo pipefail
program="$(realpath "$1")"
root="$(cd "$(dirname "$0")/../.." && pwd)"
tasks=4

if ! command -v slurmctld >/dev/null || ! command -v munged >/dev/null; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "slurm.sh: no Slurm here, and it can only be installed by root with apt-get; install slurm-wlm"
        exit 1
    fi
    (apt-get update -q && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends slurm-wlm munge) >/dev/null
fi

here="$(mktemp -d)"
chmod 755 "$here"
daemons=()
finish() {
    local code=$?
    if [ -n "${job:-}" ]; then scancel "$job" 2>/dev/null || true; fi
    # In reverse: nobody loses whom it talks to.
    for ((i = ${#daemons[@]} - 1; i >= 0; i--)); do
        kill "${daemons[$i]}" 2>/dev/null || true
        wait "${daemons[$i]}" 2>/dev/null || true
    done
    if [ "$code" -ne 0 ]; then
        tail -n 30 "$here"/*.log 2>/dev/null || true
    fi
    rm -rf "$here"
    exit "$code"
}
trap finish EXIT

patience() { # SECONDS WHAT COMMAND...: until the command succeeds
    local until=$((SECONDS + $1)) what="$2"
    shift 2
    until "$@"; do
        if [ $SECONDS -ge $until ]; then echo "slurm.sh: waited in vain: $what"; exit 1; fi
        sleep 0.2
    done
}
ports=($(python3 - <<'END'
import socket
held = [socket.socket() for _ in range(2)]
for each in held: each.bind(("127.0.0.1", 0))
print(*(each.getsockname()[1] for each in held))
END
))

# A cluster of one node: this machine.
mkdir "$here/state" "$here/spool" "$here/munge"
chmod 700 "$here/munge"
head -c 128 /dev/urandom >"$here/munge/key"
chmod 400 "$here/munge/key"
node="$(hostname -s)"
cat >"$here/slurm.conf" <<END
ClusterName=interop
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmdPort=${ports[1]}
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
# A requeued task may begin when its earlier credential has expired: after seconds instead of two minutes.
AuthInfo=socket=$here/munge/socket,cred_expire=5
CredType=cred/munge
# Nothing listens beyond the loopback interface.
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=$here/state
SlurmdSpoolDir=$here/spool
SlurmctldPidFile=$here/slurmctld.pid
SlurmdPidFile=$here/slurmd.pid
SlurmctldLogFile=$here/slurmctld.log
SlurmdLogFile=$here/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
KillWait=2
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
END
echo "CgroupAutomount=no" >"$here/cgroup.conf"
export SLURM_CONF="$here/slurm.conf"

munged --foreground --force --socket="$here/munge/socket" --key-file="$here/munge/key" \
    --pid-file="$here/munge/pid" --log-file="$here/munge/log" --seed-file="$here/munge/seed" \
    >"$here/munged.log" 2>&1 &
daemons+=($!)
patience 20 "munged" test -S "$here/munge/socket"
slurmctld -D -f "$SLURM_CONF" >/dev/null 2>&1 &
daemons+=($!)
patience 30 "slurmctld" scontrol ping >/dev/null
slurmd -D -f "$SLURM_CONF" >/dev/null 2>&1 &
daemons+=($!)
idle() { [ "$(sinfo -h -o %T 2>/dev/null)" = idle ]; }
patience 60 "an idle node" idle
for port in "${ports[@]}"; do
    if ss -Htln "sport = :$port" | awk '{print $4}' | grep -qv '^127\.'; then
        echo "slurm.sh: port $port listens beyond the loopback interface"
        exit 1
    fi
done

# Small and crowded, so that 720 runs take seconds and the limit bites.
cat >"$here/scenario.toml" <<'END'
name = "Interop"
start = "2026-05-04T08:00:00[Europe/Amsterdam]"
duration = "12h"
seed = 3
[site]
max_power_kw = 60
[[chargers]]
count = 8
model = "ac22"
[[vehicles]]
model = "sedan_3p11"
[[arrivals]]
kind = "poisson"
per_hour = 20
stay = "2h"
energy_kwh = 15
END

# The array, its tasks killed while they are at work.
export AMPACITY="$program" SCENARIO="$here/scenario.toml" OUT="$here/cluster"
cd "$here"
job="$(sbatch --parsable --array="1-$tasks" --output="$here/task-%a.out" "$root/docs/cluster/slurm.sh")"
store() { echo "$OUT/shard-$1-of-$tasks/sweep.sqlite"; }
rows() { # how many rows a task has; what a kill left half written is undone by looking
    python3 - "$(store "$1")" <<'END'
import sqlite3, sys
try:
    with sqlite3.connect("file:" + sys.argv[1] + "?mode=rw", uri=True, timeout=5) as store:
        print(store.execute("SELECT count(*) FROM runs").fetchone()[0])
except sqlite3.Error:
    print(0)
END
}
state() { squeue -h -r -t all -j "${job}_$1" -o %T 2>/dev/null || true; }
dead() { case "$(state "$1")" in FAILED | CANCELLED | COMPLETED | NODE_FAIL) return 0 ;; *) return 1 ;; esac; }
pid_of() { # the task's program, by Slurm's own list
    scontrol listpids "$(squeue -h -r -j "${job}_$1" -o %A)" | awk 'NR > 1 && $1 > 0 {print $1; exit}'
}
kill_and_requeue() { # TASK: the first time by the kernel, the second by Slurm
    local task="$1" before after
    before="$(rows "$task")"
    if [ "${kills[$task]}" -eq 0 ]; then
        kill -9 "$(pid_of "$task")"
    else
        scancel --signal=KILL --full "${job}_$task"
    fi
    patience 60 "the end of task $task" dead "$task"
    after="$(rows "$task")"
    if [ "$(state "$task")" = COMPLETED ] || [ "$after" -lt "$before" ] || [ "$after" -ge $((720 / tasks)) ]; then
        echo "slurm.sh: task $task is $(state "$task") with $after rows; it had $before before it was killed"
        exit 1
    fi
    if "$program" sweep merge "$OUT" --quiet 2>"$here/merge.log"; then
        echo "slurm.sh: parts were merged that are not whole"
        exit 1
    fi
    kills[$task]=$((kills[$task] + 1))
    killed=$((killed + 1))
    scontrol requeue "${job}_$task"
}

killed=0
declare -A kills
for task in $(seq $tasks); do kills[$task]=0; done
until [ "$killed" -eq $((2 * tasks)) ]; do
    if [ $SECONDS -ge 400 ]; then echo "slurm.sh: only $killed of $((2 * tasks)) kills"; exit 1; fi
    for task in $(seq $tasks); do
        least=$((5 + 40 * kills[$task]))
        if [ "${kills[$task]}" -lt 2 ] && [ "$(state "$task")" = RUNNING ] && [ "$(rows "$task")" -ge $least ]; then
            kill_and_requeue "$task"
        fi
    done
    sleep 0.1
done
over() { [ -z "$(squeue -h -j "$job" 2>/dev/null)" ]; }
patience 300 "the end of the array" over
"$program" sweep merge "$OUT" --quiet

# The same script on a single machine, outside of any job.
OUT="$here/single" SLURM_CPUS_PER_TASK="$(nproc)" sh "$root/docs/cluster/slurm.sh"
cmp "$here/single/sweep.csv" "$OUT/sweep.csv"
python3 - "$here/single/sweep.sqlite" "$OUT/sweep.sqlite" <<'END'
import sqlite3, sys
one, other = ([*sqlite3.connect(path).iterdump()] for path in sys.argv[1:])
assert len(one) > 720 and one == other, "the stores differ"
END
echo "slurm: $(($(wc -l <"$OUT/sweep.csv") - 1)) rows of $tasks tasks, killed $killed times, equal those of a single machine"
