"""Names for formats that know identifiers only, and JSON that may stand anywhere.

SCXML and XState refer to statuses and events by identifiers, and give some texts a meaning: a dot
separates, a star matches everything, an empty event is none, a number is a delay. So a word that is
no plain identifier goes by one made from it, and stands as it is beside it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from runlife_diagrams.text import Ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["identifiers", "to_json_text"]

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_IN_MARKUP = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def identifiers(words: Iterable[str | None]) -> Mapping[str | None, str]:
    """Return an identifier for each word: the word itself where it is one, and no two the same.

    None stands for the moment before the creation, which is ``initial`` unless a word is.
    """
    every = tuple(dict.fromkeys(words))
    ids = Ids()
    plain = {word: ids.new(word) for word in every if word is not None and _PLAIN.fullmatch(word)}
    odd = {
        word: ids.new("initial") if word is None else ids.new("x", word)
        for word in every
        if word not in plain
    }
    return plain | odd


def to_json_text(data: Any) -> str:  # noqa: ANN401  # whatever JSON can hold
    """Return the data as JSON in ASCII, which reads back as it was, and which no ``<script>`` can end at."""
    text = json.dumps(data, indent=2, ensure_ascii=True)
    return re.sub("[<>&]", lambda match: _IN_MARKUP[match[0]], text) + "\n"
