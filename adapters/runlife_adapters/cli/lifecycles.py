"""The lifecycle that a command line names: one of our tables, or any that can be imported."""

from __future__ import annotations

import sys
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import fields

from runlife import MisuseError, Policy
from runlife_diagrams import PictureError
from runlife_diagrams.embed import lifecycle_in
from runlife_diagrams.shipped import STANDARD

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from types import ModuleType

    from runlife import Lifecycle

__all__ = ["TABLES", "lifecycle_named", "under"]

TABLES = {table.name: table for table in STANDARD}
"""Our own, by name."""
_LOADED = "runlife_drawn"
"""What a file is called as a module while it is loaded: nobody else's name."""
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}


def lifecycle_named(said: str) -> Lifecycle[Any]:
    """Return the lifecycle of a name: ``run``, ``path/to/module.py:NAME`` or ``package.module:NAME``.

    A module is imported as from the current folder, a file as from its own; neither stays on the path.

    :raises click.UsageError: when there is none, or it cannot be imported.
    """
    if said in TABLES:
        return TABLES[said]
    place, colon, name = said.rpartition(":")
    if not (colon and place and name):
        known = ", ".join(TABLES)
        raise click.UsageError(f"{said!r} is not one of {known}, nor FILE.py:NAME or MODULE:NAME")
    try:
        return lifecycle_in(_module(place, said), name, said)
    except PictureError as error:
        raise click.UsageError(str(error)) from error


def under(lifecycle: Lifecycle[Any], answers: Iterable[str]) -> Lifecycle[Any]:
    """Return a lifecycle under its policy but for these answers.

    :param answers: as ``cancel_may_lose=no``.
    :raises click.UsageError: when there is no such question, or no such answer.
    """
    known = {one.name: one for one in fields(Policy)}
    said: dict[str, Any] = {}
    for answer in answers:
        name, equals, value = answer.partition("=")
        if not equals or name not in known:
            raise click.UsageError(
                f"--policy: expected NAME=ANSWER with one of {', '.join(known)}; got {answer!r}"
            )
        is_switch = isinstance(known[name].default, bool)
        said[name] = _YES_NO.get(value.lower(), value) if is_switch else value
    try:
        return lifecycle.under(Policy(**{name: getattr(lifecycle.policy, name) for name in known} | said))
    except MisuseError as error:
        raise click.UsageError(f"--policy: {error}") from error


def _module(place: str, said: str) -> ModuleType:
    """Return the module that stands at a place: a file by its path, anything else by its name.

    :raises click.UsageError: when there is none, or it raises.
    """
    path = Path(place if place.endswith(".py") else f"{place}.py")
    is_file = place.endswith(".py") or path.parent != Path()
    if is_file and not path.is_file():
        raise click.UsageError(f"{said}: there is no file {path}")
    try:
        # What a module prints is no part of a picture.
        with _first_on_path(path.parent if is_file else Path()), redirect_stdout(sys.stderr):
            return _of_file(path) if is_file else import_module(place)
    except ModuleNotFoundError as error:
        raise click.UsageError(f"{said}: there is no module {error.name!r}") from error
    except (Exception, SystemExit) as error:
        why = f"{type(error).__name__}: {error}"
        raise click.UsageError(f"{said}: importing it failed: {why}") from error


def _of_file(path: Path) -> ModuleType:
    loader = SourceFileLoader(_LOADED, str(path))
    module = module_from_spec(ModuleSpec(_LOADED, loader, origin=str(path)))
    sys.modules[_LOADED] = module  # what looks up the module of a class finds it
    loader.exec_module(module)
    return module


@contextmanager
def _first_on_path(folder: Path) -> Generator[None]:
    """Let a folder be looked into first, for as long as it takes to import."""
    entry = str(folder.resolve())
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        if entry in sys.path:
            sys.path.remove(entry)
