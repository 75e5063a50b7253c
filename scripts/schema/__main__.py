"""Write the schemas of the configuration into config: `python -m scripts.schema`."""

from __future__ import annotations

from pathlib import Path

from scripts.schema.build import files

FOLDER = Path(__file__).parents[2] / "config"


def main() -> None:
    """Write every file."""
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
