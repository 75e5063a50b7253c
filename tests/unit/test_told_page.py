"""What holds the tutorial to the truth: reading its blocks, a terminal's screen, and comparing what was seen."""

from __future__ import annotations

from tests.e2e.harness.terminal import standing
from tests.e2e.harness.told_page import blocks, differs

PAGE = """\
```sh
# on this server
borgpull client trust web1
```

<!-- typed: y | secret -->
```text
web1 shows these keys:
Are they? [y/N]: y
Passphrase:
```

```sh
# on web1
true
```
"""


def test_a_block_says_where_what_is_answered_and_what_is_seen() -> None:
    asked, silent = blocks(PAGE)

    assert (asked.where, asked.lines) == ("on this server", ("borgpull client trust web1",))
    assert asked.answers() == [("Are they? [y/N]:", "y"), ("Passphrase:", "secret")]
    assert (silent.where, silent.seen, silent.answers()) == ("on web1", None, [])


def test_times_sizes_and_fingerprints_may_differ() -> None:
    told = ["web1-2026-11-29T14:22:16: 8343 files, 333.2 MiB", f"SHA256:{'a' * 43} root@x"]
    seen = ["web1-2027-01-02T03:04:05: 1 files, 1.0 GiB", f"SHA256:{'b' * 43} root@x"]

    assert differs(told, seen) == ""


def test_another_word_is_told_and_so_is_a_line_that_the_page_lacks() -> None:
    assert differs(["web1: success"], ["web1: failed"])
    assert differs(["web1: success"], ["web1: success", "a warning"])
    assert differs(["web1: success", "more"], ["web1: success"])


def test_lines_are_left_out_where_the_page_says_so_and_nowhere_else() -> None:
    assert differs(["a", "…", "d"], ["a", "b", "c", "d"]) == ""
    assert differs(["…", "d … f"], ["a", "d e f"]) == ""
    assert differs(["a", "d"], ["a", "b", "d"])
    assert differs(["a", "…", "x"], ["a", "b", "d"])


def test_progress_that_was_drawn_over_is_not_seen() -> None:
    drawn = "web1: starting\r\x1b[2Kweb1: reading\r\n 10 %\x1b[1A\r\x1b[2K\x1b[Jweb1: \x1b[32msuccess\x1b[0m\r\n$ "

    assert standing(drawn) == ["web1: success", "$"]


def test_a_line_that_is_written_anew_from_its_start_is_seen_once() -> None:
    assert standing("abc\x1b[0Gxyz\x1b[1Guvw\r\n$ ") == ["uvw", "$"]
