"""Write Grafana's dashboards into config/grafana/dashboards: `python -m scripts.dashboards`."""

from __future__ import annotations

from pathlib import Path

from scripts.dashboards.build import files

FOLDER = Path(__file__).parents[2] / "config/grafana/dashboards"


def main() -> None:
    """Write every file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
