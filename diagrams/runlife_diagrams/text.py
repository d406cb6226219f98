"""Words for pictures: made harmless, wrapped, measured, and turned into ids.

Statuses are words of an enumeration, but they and the events of a user's own table may be any
string, and a guard says what it likes. Whatever stands in a table has to come out readable in a
picture and must never change its structure. Three steps keep it so, each in one place:

* :func:`visible` takes out what no picture can hold (control characters, lone surrogates) or what
  would reorder the text around it (bidirectional overrides), and leaves a visible sign instead;
* each format escapes what is left in its own way, in its own module;
* ids are made of letters, digits, ``_`` and ``-`` only (:class:`Ids`), and are unique.

Widths are measured here as well. Graphviz knows the widths of Latin letters only, and a browser may
have to take another font than the one asked for, so a box gets the width of its text in Arial and
some room besides.
"""

from __future__ import annotations

import re
import unicodedata
from textwrap import wrap

__all__ = ["Ids", "slug", "visible", "width", "wrapped"]

_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINE_BREAKS = frozenset("\u0085\u2028\u2029")
_NOT_XML = frozenset("\ufffe\uffff")
_REPLACEMENT = "\ufffd"

# Widths in Arial, in thousandths of the font size, as its metrics state them; bold is a little wider.
_WIDTHS = {
    character: units
    for units, characters in {
        191: "'",
        222: "ijl",
        260: "|",
        278: " !,./:;\\[]ftI",
        333: "()-`r{}",
        355: '"',
        389: "*",
        469: "^",
        500: "ckvxyzJs",
        556: "0123456789abdeghnopqu_$?L#",
        584: "+<=>~",
        611: "FTZ",
        667: "ABEKPSVXY&",
        722: "CDHNRUw",
        778: "GOQ",
        833: "mM",
        889: "%",
        944: "W",
        1015: "@",
    }.items()
    for character in characters
}
_WIDE, _OTHER, _BOLDER = 1000, 620, 1.07


def visible(text: str) -> str:
    """Return the text with a visible sign for each character that must not reach a picture as it is."""
    return "".join(map(_sign, text)) or "''"


def _sign(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    code = ord(character)
    if code < 0x20:  # noqa: PLR2004 - the C0 controls, which Unicode draws from U+2400 on
        return chr(0x2400 + code)
    if character in _LINE_BREAKS:
        return "\u2424"
    category = unicodedata.category(character)
    if category in {"Cc", "Cs"} or character in _REORDERING or character in _NOT_XML:
        return _REPLACEMENT
    return character


def wrapped(text: str, columns: int) -> tuple[str, ...]:
    """Return the visible text in lines of at most ``columns`` characters; white space is a space.

    The lines come out about equally long: no word is left alone on the last one.
    """
    words = visible(" ".join(text.split()))
    lines = wrap(words, columns)
    while columns > 1 and len(narrower := wrap(words, columns - 1)) == len(lines):
        lines, columns = narrower, columns - 1
    return tuple(lines)


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return about how wide the text is in Arial or one of its kin, in the unit of ``size``."""
    units = sum(_WIDTHS.get(character) or _units(character) for character in text)
    return units * size * (_BOLDER if bold else 1) / 1000


def _units(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return _WIDE if unicodedata.east_asian_width(character) in {"F", "W"} else _OTHER


def slug(text: str) -> str:
    """Return the text as letters, digits, ``_`` and ``-`` only; a plain word stays as it is."""
    return re.sub(r"[^A-Za-z0-9_-]", lambda match: f"_{ord(match[0]):x}_", text) or "_"


class Ids:
    """Gives out ids, each once: the words joined by ``-``, and a number after it if that is taken."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def new(self, *words: str) -> str:
        """Return an id made of the words, which nobody else has got."""
        wanted = "-".join(map(slug, words))
        id, number = wanted, 1
        while id in self._taken:
            number += 1
            id = f"{wanted}-{number}"
        self._taken.add(id)
        return id
