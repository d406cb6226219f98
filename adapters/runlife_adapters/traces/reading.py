"""Reading a recording, whatever its format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from runlife import MisuseError
from runlife_adapters.traces.exchanges import Exchange, TraceFileError
from runlife_adapters.traces.formats import FORMATS
from runlife_adapters.traces.ndjson import is_ndjson, read_ndjson

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["read"]

_ODD = (ArithmeticError, AttributeError, LookupError, MisuseError, OSError, TypeError, ValueError)
"""What reading an entry raises when something in it is not what it should be; OSError for odd dates."""


def read(path: str | PathLike[str]) -> list[Exchange]:
    """Read a recording: our own NDJSON, HAR, a VCR cassette (JSON or YAML), or a test proxy's recording.

    Which of them it is, is seen from what is in it. A cassette in YAML needs PyYAML (extra ``server``).

    :raises TraceFileError: when it cannot be read, or is in none of these formats.
    """
    try:
        # A byte order mark is no part of what is said.
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        msg = f"{path}: {reason}"
        raise TraceFileError(msg) from error
    try:
        return read_ndjson(text) if is_ndjson(text) else _of_others(_loaded(text))
    except TraceFileError as error:
        msg = f"{path}: {error}"
        raise TraceFileError(msg) from error


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        import yaml  # noqa: PLC0415  # an extra, which only a cassette in YAML needs
    except ModuleNotFoundError as error:
        msg = "it is no JSON; a cassette in YAML needs PyYAML: pip install 'runlife[server]'"
        raise TraceFileError(msg) from error
    try:
        return yaml.safe_load(text)
    # Dates that are none, such as 2000-99-99, it lets through as they come.
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        msg = "it is neither JSON nor YAML"
        raise TraceFileError(msg) from error


def _of_others(data: Any) -> list[Exchange]:
    if isinstance(data, Mapping):
        for name, (entries, reader) in FORMATS.items():
            try:
                found = entries(data)
            except (KeyError, TypeError):
                continue
            if not isinstance(found, list):
                msg = f"the entries of this {name} are no list"
                raise TraceFileError(msg)
            exchanges = list[Exchange]()
            for number, entry in enumerate(cast("list[object]", found), 1):
                try:
                    exchanges.append(reader(entry, exchanges))
                except _ODD as error:
                    why = str(error) if isinstance(error, MisuseError) else f"{error!r:.100}"
                    msg = f"entry {number} of this {name} cannot be read: {why}"
                    raise TraceFileError(msg) from error
            return exchanges
    names = ", ".join(("runlife NDJSON", *FORMATS))
    msg = f"it is in no format that is known; those are {names}"
    raise TraceFileError(msg)
