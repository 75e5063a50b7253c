"""Hooks: order, time limits and sentences, played by the shell of this machine in place of a client's."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING, cast

import pytest

from appliance.plan.events import Result
from appliance.plan.run_plan import PlannedHook, RunPlan
from appliance.pull import hook_script, link
from appliance.pull.ends import Ends
from appliance.pull.execute import Finished
from appliance.pull.failure import Failure
from appliance.pull.hooks import Hooks, hooks
from appliance.pull.voice import Voice
from appliance.record import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from appliance.pull.contact import Contact

SFTP_ONLY = Finished(code=255, stdout="", stderr="Received message too long\n")


class LocalClient:
    """A client that is this machine. `answer` takes the place of its shell."""

    def __init__(self, answer: Finished | None = None) -> None:
        self.answer = answer
        self.lost = False
        self.closed = 0

    def control(self) -> LocalClient:
        if self.lost:
            raise Failure(Reason.UNREACHABLE, "it is off.")
        return self

    def close(self) -> None:
        self.closed += 1

    def run(self, script: str, *, timeout_seconds: float, give_up: Callable[[], bool] = lambda: False) -> Finished:
        if self.answer:
            return self.answer
        pipe = subprocess.PIPE
        with subprocess.Popen(("/bin/sh", "-s"), stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
            return self._watched(process, script, timeout_seconds, give_up)

    def _watched(
        self, process: subprocess.Popen[str], script: str, timeout_seconds: float, give_up: Callable[[], bool]
    ) -> Finished:
        deadline = time.monotonic() + timeout_seconds
        sent: str | None = script
        while True:
            try:
                out, err = process.communicate(sent, timeout=0.05)
            except subprocess.TimeoutExpired as late:
                sent = None
                if give_up() or time.monotonic() > deadline:
                    process.kill()
                    return Finished(code=-9, stdout=_text(late.stdout), stderr=_text(late.stderr))
            else:
                return Finished(code=process.returncode, stdout=out, stderr=err)


def _text(heard: bytes | str | None) -> str:
    return heard.decode() if isinstance(heard, bytes) else heard or ""


@pytest.fixture
def root_half() -> Iterator[tuple[link.Link, Ends]]:
    ours, theirs = link.pair()
    yield link.Link(ours), Ends(control=link.Link(theirs), stdout=-1, stderr=-1, sshfs=-1)
    ours.close()
    theirs.close()


def hook(command: str, *, timeout: int = 20, must_work: bool = True) -> PlannedHook:
    return PlannedHook(command=command, timeout=timeout, must_work=must_work)


def plan(*before: PlannedHook, after: tuple[PlannedHook, ...] = ()) -> RunPlan:
    return RunPlan(
        run_id="r1",
        client="web1",
        operation="create",
        appliance_id="us",
        method="sshfs",
        names="client",
        before=before,
        after=after,
    )


def around(
    made: RunPlan, ends: Ends, client: LocalClient | None = None, act: Callable[[], None] = lambda: None
) -> Hooks:
    with hooks(made, cast("Contact", client or LocalClient()), ends, Voice()) as found:
        act()
    return found


def test_before_runs_in_order_and_after_in_reverse(root_half: tuple[link.Link, Ends], tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    words = [hook(f"echo {word} $BORGPULL_OUTCOME $BORGPULL_CLIENT $BORGPULL_RUN >> {trace}") for word in "abcd"]

    around(plan(*words[:2], after=tuple(words[2:])), root_half[1])

    assert trace.read_text().splitlines() == [
        "a running web1 r1",
        "b running web1 r1",
        "d success web1 r1",
        "c success web1 r1",
    ]


def test_a_hook_that_must_work_ends_the_run_and_the_after_hooks_run(
    root_half: tuple[link.Link, Ends], tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    made = plan(hook("echo one; printf 'bad \\033[31m news\\n'; exit 5"), hook(f"echo no >> {trace}"), after=(
        hook(f"echo $BORGPULL_OUTCOME >> {trace}"),
    ))  # fmt: skip

    with pytest.raises(Failure) as failed:
        around(made, root_half[1])

    assert failed.value.reason is Reason.HOOK
    assert "failed with exit code 5; it said: bad ?[31m news." in failed.value.message
    assert trace.read_text() == "failed\n"


def test_a_hook_that_may_fail_and_a_failed_after_hook_make_a_warning(root_half: tuple[link.Link, Ends]) -> None:
    found = around(plan(hook("exit 5", must_work=False), after=(hook("exit 6"),)), root_half[1])

    told = found.told(Result(outcome=Outcome.SUCCESS, message="3 files."))
    assert (told.outcome, told.reason, told.warning_count) == (Outcome.WARNING, Reason.HOOK, 2)
    assert told.message == "The before hook 'exit 5' failed with exit code 5. 3 files."
    assert "after hook 'exit 6' failed with exit code 6." in told.warnings[1]


def test_a_hook_does_not_hide_behind_names_that_lack_every_night(root_half: tuple[link.Link, Ends]) -> None:
    found = around(plan(after=(hook("exit 6"),)), root_half[1])

    lacking = Result(
        outcome=Outcome.WARNING, reason=Reason.OWNERS, message="No names.", warnings=("a",), warning_count=1
    )
    told = found.told(lacking)
    assert (told.outcome, told.reason, told.warning_count) == (Outcome.WARNING, Reason.HOOK, 2)
    assert told.message.endswith("failed with exit code 6. No names.")


def test_another_warning_keeps_its_reason_beside_that_of_a_hook(root_half: tuple[link.Link, Ends]) -> None:
    found = around(plan(after=(hook("exit 6"),)), root_half[1])

    told = found.told(
        Result(outcome=Outcome.WARNING, reason=Reason.UNREADABLE, message="It lacks.", warnings=("a",), warning_count=1)
    )
    assert (told.reason, told.message, told.warning_count) == (Reason.UNREADABLE, "It lacks.", 2)


def test_hooks_that_worked_change_nothing(root_half: tuple[link.Link, Ends]) -> None:
    result = Result(outcome=Outcome.SUCCESS, message="3 files.")

    assert around(plan(hook("true"), after=(hook("true"),)), root_half[1]).told(result) is result


def test_a_failure_of_the_run_keeps_its_reason_when_undoing_fails_too(root_half: tuple[link.Link, Ends]) -> None:
    def fail() -> None:
        raise Failure(Reason.COLLAPSED, "It shrank.")

    with pytest.raises(Failure) as failed:
        around(plan(after=(hook("exit 6"),)), root_half[1], act=fail)

    assert (failed.value.reason, failed.value.message) == (Reason.COLLAPSED, "It shrank.")
    assert "exit code 6" in failed.value.warnings[0]


def test_a_hook_over_its_time_is_ended_with_its_children(root_half: tuple[link.Link, Ends], tmp_path: Path) -> None:
    began = tmp_path / "pid"
    late = hook(f"(echo $$ > {began}; exec sleep 7334) & sleep 7335", timeout=1)

    with pytest.raises(Failure) as failed:
        around(plan(late), root_half[1])

    assert "took longer than its 1 s and was ended" in failed.value.message
    assert subprocess.run(("pgrep", "-f", "sleep 733[45]"), check=False, capture_output=True).stdout == b""


def test_a_stop_ends_the_hook_and_the_after_hooks_run(root_half: tuple[link.Link, Ends], tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    root_half[0].say(link.STOP, Reason.STOPPED)

    with pytest.raises(Failure) as failed:
        around(plan(hook("sleep 7336"), after=(hook(f"echo $BORGPULL_OUTCOME > {trace}"),)), root_half[1])

    assert failed.value.reason is Reason.STOPPED
    assert trace.read_text() == "interrupted\n"
    assert subprocess.run(("pgrep", "-f", "sleep 7336"), check=False, capture_output=True).stdout == b""


def test_the_root_half_hears_that_a_long_hook_is_no_silence(root_half: tuple[link.Link, Ends]) -> None:
    around(plan(hook("sleep 0.3")), root_half[1])

    assert root_half[0].hear() == link.Word(link.ALIVE)


def test_a_key_that_runs_no_command_is_told(root_half: tuple[link.Link, Ends]) -> None:
    made = plan(hook("true"))

    with pytest.raises(Failure, match="lets the key run no command") as failed:
        around(made, root_half[1], LocalClient(SFTP_ONLY))
    with pytest.raises(Failure, match="lets the key run no command"):
        Hooks(made, cast("Contact", LocalClient(SFTP_ONLY)), root_half[1], Voice()).check()

    assert failed.value.reason is Reason.HOOK


def test_a_probe_runs_no_hook(root_half: tuple[link.Link, Ends], tmp_path: Path) -> None:
    made = plan(hook(f"touch {tmp_path}/made"))

    Hooks(made, cast("Contact", LocalClient()), root_half[1], Voice()).check()

    assert list(tmp_path.iterdir()) == []


def test_after_a_lost_connection_the_hooks_have_a_new_one_or_say_that_there_is_none(
    root_half: tuple[link.Link, Ends],
) -> None:
    client = LocalClient()

    def lose() -> None:
        client.lost = True
        raise Failure(Reason.CONNECTION_LOST, "It broke.")

    with pytest.raises(Failure) as failed:
        around(plan(after=(hook("true"), hook("false"))), root_half[1], client, act=lose)

    assert client.closed == 2
    assert failed.value.warnings == ("The after hook 'false' (and what follows) could not run: it is off.",)


def test_the_command_of_a_hook_is_no_argument_of_a_process() -> None:
    script = hook_script.hook_script("mysqldump --all", seconds=5, environment={})

    assert [line for line in script.splitlines() if "mysqldump" in line] == [
        "export PATH BORGPULL_HOOK='mysqldump --all'"
    ]
