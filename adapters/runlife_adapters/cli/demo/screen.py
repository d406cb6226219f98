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

SHOWN = 20
"""Characters of the id of a response: enough to find it by."""

STYLES = {Cause.CLIENT: "blue", Cause.SERVER: "green", Cause.TIMER: "yellow"}


class Screen:
    """Shows the stories in one language.

    :param plain: no colours and no boxes; None asks whether there is a terminal.
    :param secret: what is never shown, whoever says it.
    """

    def __init__(self, language: Language, *, plain: bool | None = None, secret: str | None = None) -> None:
        self.language: Language = language
        self._secret = secret
        console = Console(highlight=False)
        self.plain = not console.is_terminal if plain is None else plain
        width = PLAIN_WIDTH if self.plain else None
        self._console = Console(highlight=False, no_color=self.plain, width=width, soft_wrap=False)

    def text(self, key: str, style: str = "", **values: object) -> None:
        """Print one of the demo's texts."""
        self._console.print(Text(self.say(key, **values), style=style))

    def say(self, key: str, **values: object) -> str:
        """Return one of the demo's texts."""
        text = say(self.language, key, **values)
        return text.replace(self._secret, "***") if self._secret else text

    def heading(self, key: str) -> None:
        """Print the heading of a story."""
        self._console.print()
        self.text(key, style="bold")

    def speech(self, role: str, text: str, gloss: str | None = None) -> None:
        """Print what was said; with a gloss where the language is English."""
        line = Text(f"  {self.say(role)}: ", style="dim").append(text, style="not dim")
        if gloss and self.language == "en":
            line.append(f"  ({gloss})", style="dim")
        self._console.print(line)

    def call(self, name: str, arguments: object, result: object) -> None:
        """Print a call of a local function, and what it returned."""
        text = Text(f"  {self.say('function')}: ", style="dim")
        text.append(f"{name}({arguments}) → {result}", style="not dim")
        self._console.print(text)

    def timeline(self, lines: Iterable[Line]) -> None:
        """Print the timeline of a run."""
        table = Table(box=None if self.plain else box.ROUNDED, pad_edge=True)
        table.add_column(self.say("time"), justify="right", no_wrap=True)
        table.add_column(self.say("status"), no_wrap=True)
        table.add_column(self.say("caused"), no_wrap=True)
        table.add_column(self.say("changed"), overflow="fold")
        for line in lines:
            changed = ", ".join(f"{name} = {value}" for name, value in line.changed)
            at = f"{'' if line.seen else '≤ '}+{round(line.at, 2):g} s"
            table.add_row(at, self._status(line.status), self._cause(line), changed)
            if line.response is not None:
                table.add_row("", "", "", Text(f"{line.response[:SHOWN]}…", style="dim"))
        self._console.print(table)

    def _status(self, status: RunStatus) -> Text:
        return Text(status.value, style="bold" if status in RUN.terminal else "")

    def _cause(self, line: Line) -> Text:
        row = line.row
        return Text() if row is None else Text(f"{self.say(row.cause)}: {row.event}", style=STYLES[row.cause])
