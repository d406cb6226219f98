"""Whose code is it? The service's own lines are what a remark or a picture points at.

Code is the user's own unless it lies in the standard library, among installed packages, or in this
project. An editable install of the user's service therefore counts as the user's own.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from attrs import frozen

import runlife

if TYPE_CHECKING:
    from types import CodeType, FrameType

__all__ = ["Remark", "caller", "is_own", "own_modules", "package_of", "place_of", "shown"]

_TYPED = ("<stdin>", "<doctest", "<ipython", "<console")
"""How the names of files begin that somebody typed."""

_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")

_PROJECT = tuple(
    f"{Path(file).resolve().parent}{os.sep}" for file in (runlife.__file__, Path(__file__).parents[1])
)
_STANDARD = tuple(
    {f"{Path(sysconfig.get_path(name)).resolve()}{os.sep}" for name in ("stdlib", "platstdlib")}
    | {f"{Path(os.__file__).resolve().parent}{os.sep}"}
)


@frozen
class Remark:
    """Something that a service does and that does not go well with virtual time, at a line of its own."""

    text: str
    file: str
    line: int

    def __str__(self) -> str:
        """Return it in one line, place first."""
        if not self.file:
            return self.text
        return f"{shown(self.file)}:{self.line}: {self.text}"


@cache
def is_own(file: str) -> bool:
    """Say whether a file of source code is the user's own."""
    if file.startswith("<"):
        return file.startswith(_TYPED)
    if any(part in file for part in _INSTALLED):
        return False
    return not str(Path(file).resolve()).startswith((*_STANDARD, *_PROJECT))


@cache
def package_of(code: CodeType) -> str:
    """Return the name of the package, or module, that a piece of a library's code belongs to."""
    path = code.co_filename
    for part in _INSTALLED:
        path = path.rpartition(part)[2]
    resolved = str(Path(path).resolve()) if path == code.co_filename else path
    for root in _STANDARD:
        resolved = resolved.removeprefix(root)
    for root in _PROJECT:
        if resolved.startswith(root):
            return Path(root).name
    return Path(resolved).parts[0].removesuffix(".py")


_looked: list[tuple[object, list[ModuleType]]] = []
"""The modules of the user's own, and what sys.modules looked like when they were looked for."""


def own_modules() -> list[ModuleType]:
    """Return the modules of the user's own that are imported.

    To look at all modules takes a thousand times as long as to see that none has come since.
    """
    modules = sys.modules
    last = next(reversed(modules))
    state = (len(modules), last, id(modules[last]))
    if not _looked or _looked[0][0] != state:
        own: list[ModuleType] = []
        every: list[object] = list(modules.values())  # there are some of other types
        for each in every:
            # Not `getattr`: there are modules that import others when they are asked for anything.
            if isinstance(each, ModuleType):
                file = vars(each).get("__file__")
                if isinstance(file, str) and is_own(file):
                    own.append(each)
        _looked[:] = [(state, own)]
    return _looked[0][1]


def place_of(frame: FrameType | None) -> tuple[str, int] | None:
    """Return file and line of the user's own code nearest to a frame, on the way out; None without any."""
    while frame is not None:
        if is_own(frame.f_code.co_filename):
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None


def shown(file: str) -> str:
    """Return a file as one writes it here: relative to the working folder if it lies in it."""
    if file.startswith("<"):
        return file
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except ValueError:
        return file


def caller(depth: int) -> FrameType:
    """Return the frame so many calls above the one that asks."""
    return sys._getframe(depth + 1)  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001  # documented
