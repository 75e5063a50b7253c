"""Text for channels: whatever a client said in it can move no cursor and forge no header."""

from __future__ import annotations

# Healthchecks keeps 100 kB; a phone shows far less, and some services refuse a longer text.
LONGEST_BODY = 4000


def plain(text: str) -> str:
    """Write what no terminal or mail header should be given as escapes; lines stay."""
    kept = (letter if letter.isprintable() or letter == "\n" else letter.encode("unicode_escape") for letter in text)
    return "".join(letter if isinstance(letter, str) else letter.decode() for letter in kept)


def cut(body: str, longest: int = LONGEST_BODY) -> str:
    """Make the text plain, and not longer than that."""
    text = plain(body)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def one_line(*sentences: str) -> str:
    """Join sentences into a text without a line break."""
    return " ".join(" ".join(sentences).split())
