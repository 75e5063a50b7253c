# Read by the other scripts: what they all need to know and do. Plain sh, since a NAS may have nothing else.
# shellcheck shell=sh

say() { printf 'borgpull: %s\n' "$*"; }
die() {
    printf 'borgpull: %s\n' "$*" >&2
    exit 1
}

has_image() { docker image inspect "$1" > /dev/null 2>&1; }

engine_answers() { docker info > /dev/null 2>&1; }

# Compose v2 where it is, else the old stand-alone 1.29; the compose file suits both.
compose() {
    if docker compose version > /dev/null 2>&1; then
        docker compose "$@"
    elif command -v docker-compose > /dev/null 2>&1; then
        docker-compose "$@"
    else
        die "Docker Compose is missing; run scripts/bootstrap, or install the package docker-compose-plugin."
    fi
}

# Whatever runs `compose` by hand later: the words for it.
compose_words() {
    if docker compose version > /dev/null 2>&1; then printf 'docker compose'; else printf 'docker-compose'; fi
}
