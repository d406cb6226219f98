"""How text gets into a page: escaped, always, and without what no document may hold."""

from __future__ import annotations

from html import escape

__all__ = ["block", "element", "text"]

_TAB = 8


def text(said: object) -> str:
    """Return a text for a page, on one line."""
    return escape("".join(_shown(sign) for sign in str(said)))


def block(said: str) -> str:
    """Return a text of several lines for a ``<pre>``."""
    return "\n".join(text(line.expandtabs(_TAB)) for line in said.splitlines())


def element(name: str, inside: str, **attributes: object) -> str:
    """Return an element; what is inside is markup already, its attributes are texts, and None is left out.

    A name may end in an underscore, as in ``class_``; other underscores are hyphens.
    """
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{said}>{inside}</{name}>"


def _shown(sign: str) -> str:
    return sign if sign.isprintable() else " " if sign.isspace() else "�"
