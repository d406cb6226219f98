"""How the demo looks: colours and boxes on a terminal, aligned plain text everywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from runlife import RUN, Cause, RunStatus
from runlife_adapters.cli.demo.words import Language, say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runlife_adapters.cli.demo.timeline import Line

__all__ = ["Screen"]

PLAIN_WIDTH = 110
"""Columns of the plain text, which has no terminal to fit."""

STYLES = {Cause.CLIENT: "blue", Cause.SERVER: "green", Cause.TIMER: "yellow"}


class Screen:
    """Shows the stories in one language.

    :param plain: no colours and no boxes; None asks whether there is a terminal.
    """

    def __init__(self, language: Language, *, plain: bool | None = None) -> None:
        self.language: Language = language
        console = Console(highlight=False)
        self.plain = not console.is_terminal if plain is None else plain
        width = PLAIN_WIDTH if self.plain else None
        self._console = Console(highlight=False, no_color=self.plain, width=width, soft_wrap=False)

    def text(self, key: str, style: str = "", **values: object) -> None:
        """Print one of the demo's texts."""
        self._console.print(say(self.language, key, **values), style=style)

    def heading(self, key: str) -> None:
        """Print the heading of a story."""
        self._console.print()
        self.text(key, style="bold")

    def speech(self, role: str, text: str, gloss: str | None = None) -> None:
        """Print what was said; with a gloss where the language is English."""
        line = Text(f"  {say(self.language, role)}: ", style="dim").append(text, style="not dim")
        if gloss and self.language == "en":
            line.append(f"  ({gloss})", style="dim")
        self._console.print(line)

    def call(self, name: str, arguments: object, result: object) -> None:
        """Print a call of a local function, and what it returned."""
        text = Text(f"  {self._say('function')}: ", style="dim")
        text.append(f"{name}({arguments}) → {result}", style="not dim")
        self._console.print(text)

    def timeline(self, lines: Iterable[Line]) -> None:
        """Print the timeline of a run."""
        table = Table(box=None if self.plain else box.ROUNDED, pad_edge=True)
        table.add_column(self._say("time"), justify="right", no_wrap=True)
        table.add_column(self._say("status"), no_wrap=True)
        table.add_column(self._say("caused"), no_wrap=True)
        table.add_column(self._say("changed"), overflow="fold")
        for line in lines:
            changed = ", ".join(f"{name} = {value}" for name, value in line.changed)
            table.add_row(f"+{line.at:g} s", self._status(line.status), self._causes(line), changed)
        self._console.print(table)

    def _status(self, status: RunStatus) -> Text:
        return Text(status.value, style="bold" if status in RUN.terminal else "")

    def _causes(self, line: Line) -> Text:
        parts = [Text(f"{self._say(row.cause)}: {row.event}", style=STYLES[row.cause]) for row in line.rows]
        return Text(" → ").join(parts)

    def _say(self, key: str) -> str:
        return say(self.language, key)
