# Borgpull: one image, three roles (supervise, pull, gateway); the command picks the role.
# Written for the classic builder too (no heredocs, no --mount), since old NAS engines have nothing newer.
ARG BASE_IMAGE=debian:trixie-slim

# ---- build: BorgBackup from its sdist and the hash-locked Python packages, in two virtual environments ----
FROM ${BASE_IMAGE} AS build
ENV DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates gcc libacl1-dev liblz4-dev libssl-dev libxxhash-dev libzstd-dev pkg-config python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*
COPY locks/borg-build.txt locks/borg.txt /locks/
# Build tools are hash-locked too; without isolation pip uses exactly those and fetches nothing unlocked.
RUN python3 -m venv /opt/borg \
    && /opt/borg/bin/pip install --require-hashes --only-binary :all: -r /locks/borg-build.txt \
    && /opt/borg/bin/pip install --require-hashes --no-build-isolation --no-binary borgbackup -r /locks/borg.txt \
    && /opt/borg/bin/pip uninstall -y cython setuptools-scm pkgconfig wheel setuptools pip
COPY locks/runtime.txt /locks/
RUN python3 -m venv --without-pip /opt/borgpull \
    && python3 -m venv /opt/pip \
    && /opt/pip/bin/pip --python /opt/borgpull/bin/python install --require-hashes --only-binary :all: -r /locks/runtime.txt
RUN echo /opt/borgpull/app > "$(echo /opt/borgpull/lib/python3*/site-packages)/borgpull.pth"

# ---- code: what changes often, apart from what does not ----
FROM build AS code
COPY appliance /opt/borgpull/app/appliance
COPY config/prometheus /opt/borgpull/app/config/prometheus
COPY config/grafana /opt/borgpull/app/config/grafana
RUN /opt/borgpull/bin/python -m compileall -q /opt/borgpull/app

# ---- runtime ----
FROM ${BASE_IMAGE}
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ca-certificates fuse3 gpg libacl1 liblz4-1 libssl3t64 libxxhash0 libzstd1 \
        openssh-client openssh-server openssh-sftp-server python3 socat sshfs tzdata util-linux zstd \
    && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_* \
    # The one unprivileged user: owner of repositories, keys and caches; ssh, sshfs and Borg run as it. Its shell is what
    # a run's own sshd starts `borg serve` by, and its home a place where nobody can leave sshd an `rc` file.
    && groupadd --gid 1000 borgpull \
    && useradd --uid 1000 --gid 1000 --home-dir / --no-create-home --shell /bin/sh borgpull \
    && mkdir -p /opt/skeleton/.borgpull/image /opt/skeleton/.borgpull/repository /opt/skeleton/.borgpull/cache \
    && mkdir -p /config /state /repos /restored /mnt/client /mnt/root /run/borgpull
COPY --from=build /opt/borg /opt/borg
COPY --from=build /opt/borgpull /opt/borgpull
COPY scripts/borgpull /usr/local/bin/borgpull
RUN ln -s /opt/borg/bin/borg /usr/local/bin/borg
COPY --from=code /opt/borgpull/app /opt/borgpull/app
# What is inside, for whoever has to answer for it; a scanner reads the first, a lawyer the second.
RUN mkdir -p /usr/share/borgpull \
    && borgpull about --sbom > /usr/share/borgpull/sbom.cdx.json \
    && borgpull about --licences > /usr/share/borgpull/licences.txt
# The supervisor is root because the engine's socket is root's on most NAS; whatever reads a client's bytes is not (S2).
HEALTHCHECK --interval=30s --timeout=10s --retries=3 CMD ["borgpull", "health"]
ENTRYPOINT ["borgpull"]
CMD ["supervise"]
EXPOSE 9187
# Last, since they change with every commit, and what stands below a change is built again.
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="Borgpull" \
      org.opencontainers.image.description="Pull-mode BorgBackup server for NAS and homelab" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.vendor="Borgpull" \
      org.opencontainers.image.source="https://github.com/borgpull/borgpull" \
      org.opencontainers.image.documentation="https://github.com/borgpull/borgpull#readme" \
      org.opencontainers.image.base.name="debian:trixie-slim" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      borgpull.image="true"
ENV BORGPULL_BORG_VERSION=1.4.5 BORGPULL_VERSION=${VERSION} BORGPULL_REVISION=${REVISION} LC_ALL=C.UTF-8 PYTHONUNBUFFERED=1
