"""What the commands that draw read and write: bounded, never half a file, and told in a line if it fails."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LARGEST", "STDIN", "as_png", "read_text", "suffix_format", "write"]

FormatT = TypeVar("FormatT", bound=str)

STDIN = "-"
"""The name of a file that stands for the standard input."""
LARGEST = 256 * 2**20
"""Bytes of a file that is read, at most."""


def read_text(name: str) -> str:
    """Return the text of a file, or of the standard input.

    :raises click.ClickException: when it cannot be read, is too large, empty, or no text in UTF-8.
    """
    shown = "standard input" if name == STDIN else name
    try:
        if name == STDIN:
            data = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(LARGEST + 1)
    except OSError as error:
        raise click.ClickException(f"{shown}: {error.strerror or error}") from error
    if len(data) > LARGEST:
        raise click.ClickException(f"{shown}: larger than {LARGEST // 2**20} MiB")
    try:
        text = data.decode("utf-8-sig")  # a byte order mark is no part of what is said
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{shown}: it is no text in UTF-8") from error
    if not text.strip():
        raise click.ClickException(f"{shown}: it is empty")
    return text


def suffix_format(out: Path | None, formats: Mapping[str, FormatT], default: FormatT) -> FormatT:
    """Return the format that the name of a file asks for.

    :param formats: by suffix.
    :param default: that of the standard output.
    :raises click.UsageError: when the name asks for none.
    """
    if out is None:
        return default
    if (found := formats.get(out.suffix.lower())) is None:
        raise click.UsageError(
            f"{out.name!r} does not say which format it is to have: give --format, or end it in "
            f"{', '.join(formats)}"
        )
    return found


def as_png(svg: str) -> bytes:
    """Return one of our pictures as PNG.

    :raises runlife.RunlifeError: when there is nothing that draws it.
    """
    from runlife_diagrams.png import svg_to_png  # noqa: PLC0415  # only who asks for one needs it

    return svg_to_png(svg)


def write(content: str | bytes, out: Path | None) -> None:
    """Write a picture to a file, or to the standard output.

    A file is there whole or not at all: what stood there before stays until then.

    :raises click.ClickException: when it cannot be written, or bytes would go to a terminal.
    """
    if out is None:
        if isinstance(content, bytes) and sys.stdout.isatty():
            raise click.ClickException(
                "a PNG is bytes, which a terminal cannot show: give --out FILE.png, or send it into a pipe"
            )
        try:
            click.echo(content, nl=isinstance(content, str) and not content.endswith("\n"))
        except BrokenPipeError:  # who reads has seen enough: click ends quietly
            raise
        except OSError as error:
            raise click.ClickException(f"cannot write: {error.strerror or error}") from error
        return
    data = content if isinstance(content, bytes) else content.encode()
    target = out.resolve()  # what a link stands for is replaced, not the link
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if target.exists() and not target.is_file():  # a pipe, or a device
            target.write_bytes(data)
            return
        try:
            part.write_bytes(data)
            part.replace(target)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
    except OSError as error:
        raise click.ClickException(f"cannot write {out}: {error.strerror or error}") from error
