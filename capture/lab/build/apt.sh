# shellcheck shell=bash
# apt with a source list of the laboratory's own: the machine's sources, lists and pins stay as they are. Needs common.sh.
APT=$CACHE/apt

# The address from which the machine's own apt takes a suite.
mirror_of() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk -v suite="$1" '$2 == suite && $3 == "main" && !found++ { print $1 }'
}

private_sources() {
    local debian security
    debian=$(mirror_of bookworm)
    [ -n "$debian" ] || unavailable "apt has no source of Debian 12 (bookworm, main)"
    security=$(mirror_of bookworm-security)
    security=${security:-${debian%/}-security}
    mkdir -p "$APT"/{lists/partial,parts}
    printf 'deb %s %s main\n' "$debian" bookworm "$security" bookworm-security > "$APT/debian.list"
    {
        cat "$APT/debian.list"
        printf 'deb %s bookworm-backports main\n' "$debian"
    } > "$APT/backports.list"
    # Proxies and the like; mmdebstrap does not take them from the machine.
    apt-config dump | grep -E '^Acquire::(https?::|Check-|Retries|ForceIPv)' > "$APT/acquire.conf" || true
}

# apt-get with Debian 12 and its backports.
private_apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o "Dir::Etc::sourcelist=$APT/backports.list" -o "Dir::Etc::sourceparts=$APT/parts" \
        -o "Dir::State::Lists=$APT/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root "$@"
}
