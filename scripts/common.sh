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

remove_containers() { # the filters that name them
    for filter in "$@"; do
        set -- "$@" --filter "$filter"
        shift
    done
    found=$(docker container ls -aq "$@")
    [ -z "$found" ] || printf '%s\n' "$found" | xargs docker container rm -fv > /dev/null
}

# All that the demo has on the engine. The supervisor goes first, for it would start its gateway anew; the gateway and
# pull containers are no services of the compose file, and hold the network.
remove_demo() {
    remove_containers label=com.docker.compose.project=borgpull-demo
    remove_containers 'name=^/?borgpull-demo-'
    COMPOSE_PROJECT_NAME=borgpull-demo CONFIG_DIR=./config/demo compose --profile demo down --volumes --remove-orphans \
        > /dev/null 2>&1 || true
}
