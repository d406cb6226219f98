"""A search in a vector store: which of its files have the words of a query, and in which passages.

The service compares meanings; the fake compares words, so that a test can foresee what is found. A file is
cut into passages by the strategy that it was added with, a token being a word with the space after it. The
score of a passage is the share of the query's words that it has, from 0 to 1, whatever their case; that of
a file is the score of its best passage. Of several queries the best counts. What shares no word with any
query is not found. The best files come first; of the same score, those that were added first.

Filters look at the attributes that a file was added with. Values of different kinds are never equal, nor is
one more than the other; an attribute that a file does not have is neither equal to anything nor more or
less, so that such a file passes ``ne`` and ``nin`` alone (inferred).
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

from runlife import MisuseError
from runlife_adapters.memory.checks import check_names
from runlife_adapters.memory.filing.resources import FileStatus, SearchResult, TextContent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from runlife_adapters.memory.filing.records import EntryRecord

__all__ = [
    "COMPARISONS",
    "COMPOUNDS",
    "MAXIMUM_RESULTS",
    "MEMBERSHIPS",
    "RANKERS",
    "USUAL_RESULTS",
    "check_filter",
    "search",
]

MAXIMUM_RESULTS = 50
"""How many results may be asked for (documented)."""

USUAL_RESULTS = 10
"""How many results there are at most when nothing is said (documented)."""

RANKERS = ("none", "auto", "default-2024-11-15")
"""The rankers that may be named (documented); here they rank alike."""

_EAST_ASIAN = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"[{_EAST_ASIAN}]|[^\W{_EAST_ASIAN}]+")
"""A word; where words are not parted by spaces, a character is one."""

_TOKEN = re.compile(r"\S+\s*")


def search(
    entries: Iterable[EntryRecord],
    queries: Iterable[str],
    *,
    filter: Mapping[str, Any] | None = None,
    threshold: float = 0.0,
) -> list[SearchResult]:
    """Return what is found in those files of a store that are processed and pass a filter, best first.

    :param filter: what has passed :func:`check_filter`; None lets all pass.
    :param threshold: the score that a passage has at least.
    """
    wanted = [words for query in queries if (words := _words(query))]
    results: list[SearchResult] = []
    for entry in entries:
        if entry.status is not FileStatus.COMPLETED or not (
            filter is None or _passes(entry.attributes, filter)
        ):
            continue
        scored = [(_score(passage, wanted), passage) for passage in _passages(entry)]
        found = sorted((s for s in scored if s[0] > 0 and s[0] >= threshold), key=lambda s: -s[0])
        if found:
            results.append(
                SearchResult(
                    file_id=entry.file.id,
                    filename=entry.file.filename,
                    score=found[0][0],
                    attributes=dict(entry.attributes),
                    content=tuple(TextContent(text=passage) for _, passage in found),
                )
            )
    return sorted(results, key=lambda result: -result.score)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def _score(passage: str, wanted: Iterable[frozenset[str]]) -> float:
    has = _words(passage)
    return max((len(words & has) / len(words) for words in wanted), default=0.0)


def _passages(entry: EntryRecord) -> Iterable[str]:
    sizes = entry.chunking_strategy["static"]
    size: int = sizes["max_chunk_size_tokens"]
    # The overlap is half a passage at most (documented), so that every passage leads on.
    step = max(size - sizes["chunk_overlap_tokens"], size // 2)
    tokens = _TOKEN.findall(entry.file.text)
    for start in range(0, len(tokens), step):
        yield "".join(tokens[start : start + size])
        if start + size >= len(tokens):
            return


# Filters


def _alike(one: object, other: object) -> bool:
    """Say whether two values are of one kind: strings, numbers or booleans."""
    if one is None or other is None:
        return False
    return all(isinstance(one, kind) is isinstance(other, kind) for kind in (str, bool))


def _if_alike(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda one, other: _alike(one, other) and compare(one, other)


_equal = _if_alike(operator.eq)

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": _equal,
    "ne": lambda one, other: not _equal(one, other),
    "gt": _if_alike(operator.gt),
    "gte": _if_alike(operator.ge),
    "lt": _if_alike(operator.lt),
    "lte": _if_alike(operator.le),
}
"""The filters that compare an attribute with a value, by type (documented)."""

MEMBERSHIPS: Mapping[str, Callable[[Any, Sequence[Any]], bool]] = {
    "in": lambda one, others: any(_equal(one, other) for other in others),
    "nin": lambda one, others: not any(_equal(one, other) for other in others),
}
"""The filters that look for an attribute among values, by type (documented)."""

COMPOUNDS: Mapping[str, Callable[[Iterable[bool]], bool]] = {"and": all, "or": any}
"""The filters that are made of others, by type (documented)."""

_SIMPLE = {**COMPARISONS, **MEMBERSHIPS}


def _passes(attributes: Mapping[str, Any], filter: Mapping[str, Any]) -> bool:
    if (combine := COMPOUNDS.get(filter["type"])) is not None:
        return combine(_passes(attributes, part) for part in filter["filters"])
    return _SIMPLE[filter["type"]](attributes.get(filter["key"]), filter["value"])


def check_filter(filter: Mapping[str, Any]) -> None:
    """Raise MisuseError unless a filter, and those in it, are of known types and say what these need."""
    check_names("a filter", filter, ("type", "key", "value", "filters"), required=("type",))
    if filter["type"] in COMPOUNDS:
        check_names("a compound filter", filter, ("type", "filters"), required=("filters",))
        for part in filter["filters"]:
            check_filter(part)
    elif filter["type"] in _SIMPLE:
        check_names("a filter", filter, ("type", "key", "value"), required=("key", "value"))
    else:
        known = ", ".join((*_SIMPLE, *COMPOUNDS))
        msg = f"a filter is of one of the types {known}; got {filter['type']!r}"
        raise MisuseError(msg)
