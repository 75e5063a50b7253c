"""Machines, a network and an appliance for each end-to-end test; all of it is gone afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.lab import Lab
from tests.e2e.harness.machine import Machine
from tests.e2e.harness.pulling import Pulling
from tests.e2e.harness.shared import Shared
from tests.e2e.harness.troubled import LIMITS, TroubledClient

if TYPE_CHECKING:
    from collections.abc import Iterator


class StartMachine(Protocol):
    """Starts a machine of a kind (trixie, bookworm, nas, sftp-only) with a tree (full, public, none)."""

    def __call__(self, kind: str, *, tree: str = "") -> Machine: ...


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    session = Lab()
    yield session
    session.close()


@pytest.fixture(scope="session")
def shared(lab: Lab) -> Shared:
    return Shared(lab)


@pytest.fixture
def start_machine(lab: Lab) -> Iterator[StartMachine]:
    started: list[Machine] = []

    def start(kind: str, *, tree: str = "") -> Machine:
        started.append(Machine(lab, kind, tree=tree))
        return started[-1]

    yield start
    for machine in started:
        lab.sweep(f"{machine.host}$")


@pytest.fixture
def machine(start_machine: StartMachine) -> Machine:
    return start_machine("trixie")


@pytest.fixture
def appliance(lab: Lab) -> Iterator[ApplianceUnderTest]:
    under_test = ApplianceUnderTest(lab)
    under_test.create()
    yield under_test
    lab.sweep(f"{under_test.name}-")


# ---- one appliance and one machine for all tests of a file that do not disturb each other ----


@pytest.fixture(scope="module")
def shared_machine(lab: Lab) -> Iterator[Machine]:
    machine = Machine(lab, "trixie")
    yield machine
    lab.sweep(f"{machine.host}$")


@pytest.fixture(scope="module")
def shared_appliance(lab: Lab) -> Iterator[ApplianceUnderTest]:
    under_test = ApplianceUnderTest(lab)
    under_test.create()
    yield under_test
    lab.sweep(f"{under_test.name}-")


@pytest.fixture(scope="module")
def pulling(lab: Lab, shared_appliance: ApplianceUnderTest, shared_machine: Machine) -> Iterator[Pulling]:
    found = Pulling.set_up(shared_appliance, shared_machine)
    yield found
    lab.sweep(f"{found.proxy.host}$")


# ---- one client behind a proxy, whose troubles pass ----


@pytest.fixture(scope="session")
def impatient_appliance(lab: Lab) -> Iterator[ApplianceUnderTest]:
    under_test = ApplianceUnderTest(lab)
    under_test.write_config(under_test.read("/config/borgpull.toml") + LIMITS)
    under_test.create()
    yield under_test
    lab.sweep(f"{under_test.name}-")


@pytest.fixture(scope="session")
def client_with_an_archive(lab: Lab, impatient_appliance: ApplianceUnderTest) -> Iterator[TroubledClient]:
    machine = Machine(lab, "trixie", tree="none")
    client = TroubledClient(impatient_appliance, machine, "troubled")
    yield client
    lab.sweep(f"{client.proxy.host}$")
    lab.sweep(f"{machine.host}$")


@pytest.fixture
def troubled(client_with_an_archive: TroubledClient) -> Iterator[TroubledClient]:
    yield client_with_an_archive
    client_with_an_archive.settle()


@pytest.fixture(scope="session")
def listed_client_with_an_archive(lab: Lab, impatient_appliance: ApplianceUnderTest) -> Iterator[TroubledClient]:
    machine = Machine(lab, "trixie", tree="none")
    client = TroubledClient(impatient_appliance, machine, "troubled-listed", is_listed=True)
    yield client
    lab.sweep(f"{client.proxy.host}$")
    lab.sweep(f"{machine.host}$")


@pytest.fixture(params=["client_with_an_archive", "listed_client_with_an_archive"], ids=["sshfs", "listed"])
def either(request: pytest.FixtureRequest) -> Iterator[TroubledClient]:
    """What must hold of stock sshfs must hold of our own file system."""
    client: TroubledClient = request.getfixturevalue(request.param)
    yield client
    client.settle()
