"""What a command says when an extra is missing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["needing"]


@contextmanager
def needing(what: str, *extras: str) -> Generator[None]:
    """Import what some extras bring; say what to install when it is not there.

    :param what: what is about to be done.
    :raises click.ClickException: in place of the ModuleNotFoundError.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        msg = f"{what} needs {error.name}; pip install 'runlife[{','.join(extras)}]'"
        raise click.ClickException(msg) from error
