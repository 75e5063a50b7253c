"""The container engine over the Docker SDK; Podman's compatible socket works too where it behaves alike."""

from __future__ import annotations

from appliance.edges.docker_engine.engine import DockerEngine

__all__ = ["DockerEngine"]
