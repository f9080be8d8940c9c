# shellcheck shell=bash
# Paths and messages of every script of the laboratory. HAP_LAB is the cache, HAP_LAB_VM the name of one virtual machine in it.
LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
REPOSITORY=$(cd "$LAB/../.." && pwd)
CACHE=${HAP_LAB:-${XDG_CACHE_HOME:-$HOME/.cache}/hap-lab}
VM=$CACHE/vm/${HAP_LAB_VM:-main}
export LAB REPOSITORY CACHE VM

say() { echo "lab: $*" >&2; }

die() {
    echo "lab: $*" >&2
    exit 2
}

# The laboratory cannot be had: that is no verdict on hap-capture, and must not be overlooked.
unavailable() {
    echo "LAB: NO VIRTUAL MACHINE, NOTHING WAS TESTED: $*" >&2
    exit 2
}

# The lines of a list without comments.
list() { sed 's/#.*//' "$1" | grep -v '^[[:space:]]*$'; }
