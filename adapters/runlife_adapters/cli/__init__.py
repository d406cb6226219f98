"""The command line: ``runlife demo | diagram | serve``.

The commands live in :mod:`runlife_adapters.cli.app`, which needs the extra ``cli``. This entry point
needs nothing, so that a bare ``pip install runlife`` can still say what is missing.
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    try:
        from runlife_adapters.cli.app import app  # noqa: PLC0415  # the extra may be missing
    except ModuleNotFoundError as error:
        sys.exit(f"runlife: the command line needs {error.name}; pip install 'runlife[cli]'")
    app(prog_name="runlife")
