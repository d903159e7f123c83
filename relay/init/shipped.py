"""The files of ``scripts/deploy``: inside the installed package, or beside it in a checkout."""

from pathlib import Path

import relay

_PACKAGE = Path(relay.__file__).resolve().parent
_OF_DOCS = frozenset({"alerts.yml", "grafana-dashboard.json"})
"""These have other readers, too; in the wheel they are beside the others."""


def shipped(name: str) -> str:
    """The text of one of them.

    :param name: from ``scripts/deploy`` on, such as ``grafana/prometheus.yml``.
    """
    installed = _PACKAGE / "deploy"
    if installed.is_dir():
        return (installed / name).read_text(encoding="utf-8")
    folder = _PACKAGE.parent / ("docs" if name in _OF_DOCS else "scripts/deploy")
    return (folder / name).read_text(encoding="utf-8")


def checkout() -> Path | None:
    """Where the container's image can be built; None when this is installed from a wheel."""
    return None if (_PACKAGE / "deploy").is_dir() else _PACKAGE.parent
