"""The pages that are made of the code: ``docs/reference`` and the manual page.

- ``tables``    settings, metrics, and the log's events
- ``schemas``   the operators' API, and the messages of the protocol
- ``commands``  the command line, as a page and as ``relay.1``
"""

from pathlib import Path

from scripts.reference import commands, schemas, tables

MADE = "<!-- Made of the code by scripts/generate: change that, and not this page. -->\n\n"


def pages(root: Path) -> dict[Path, str]:
    """What each of them has to hold."""
    folder = root / "docs/reference"
    found = {
        "settings": tables.settings(),
        "metrics": tables.metrics(folder / "metrics.toml"),
        "log-events": tables.log_events(folder / "log-events.toml", root / "relay"),
        "api": schemas.api(),
        "messages": schemas.messages(),
        "commands": commands.page(),
    }
    made = {folder / f"{name}.md": MADE + text for name, text in found.items()}
    return made | {root / "docs/relay.1": commands.manual()}
