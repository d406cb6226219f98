"""Which operation a path names, and in which of the shapes that clients know the API.

The API stands at several addresses. OpenAI's own is ``/v1``. Azure has two: ``/openai/v1``, and
``/openai`` with the query ``api-version``; its agents service has the objects at the root, or below
``/api/projects/<name>``, also with ``api-version``. They differ in what a request must bring
(:mod:`runlife_adapters.http.admission`) and in the words for an address that there is not.

The rows of :mod:`runlife_adapters.http.operations` are compiled into a tree once: a request costs as
many steps as its path has segments, however many rows there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote

from attrs import define, field, frozen

from runlife_adapters.http.operations import OPERATIONS, Operation
from runlife_adapters.http.refusals import AZURE_NO_ROUTE, NO_METHOD, NO_ROUTE, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runlife_adapters.http.messages import Request
    from runlife_adapters.memory import ApiError

__all__ = ["OPENAI", "Dialect", "Match", "Router", "locate"]

_DEEPEST_PATH = 12
"""Segments of a path beyond which nobody looks: no row, below the longest base, has as many."""

VERSION = "api-version"


@frozen
class Dialect:
    """One of the shapes in which clients know the API."""

    azure: bool
    """Whether it has Azure's ways: a key in ``api-key``, no ``OpenAI-Beta``, errors in a shape of its own."""
    versioned: bool = False
    """Whether the query must name an ``api-version`` (any will do)."""

    def no_route(self, request: Request) -> ApiError:
        """Return the refusal of an address that there is not."""
        if self.azure:
            return AZURE_NO_ROUTE.error()
        return NO_ROUTE.error(method=shown(request.method), path=shown(request.path))

    def no_method(self, request: Request) -> ApiError:
        """Return the refusal of a method that an address does not have."""
        if self.azure:
            return AZURE_NO_ROUTE.error()
        return NO_METHOD.error(method=shown(request.method), path=shown(request.path))


OPENAI = Dialect(azure=False)
"""That of OpenAI itself."""

_AZURE_PLAIN = Dialect(azure=True)
_AZURE = Dialect(azure=True, versioned=True)
_ROOTS = frozenset(operation.segments[0] for operation in OPERATIONS)


def locate(request: Request) -> tuple[Dialect, Sequence[str]]:
    """Return the dialect of a request, and its path below the base, segment by segment, still encoded.

    :raises ApiError: when the API does not stand there, or the query misses the version.
    """
    first, *rest = request.path.removeprefix("/").split("/", _DEEPEST_PATH)
    match first, rest:
        case "v1", _:
            return OPENAI, rest
        case "openai", ["v1", *below]:
            return _AZURE_PLAIN, below
        case "openai", below:
            pass
        case "api", ["projects", _, *below]:
            pass
        case root, _ if root in _ROOTS:
            below = [first, *rest]
        case _:
            raise OPENAI.no_route(request)
    if not parse_qs(request.query).get(VERSION):
        raise _AZURE.no_route(request)
    return _AZURE, below


@frozen
class Match:
    """The operation that a request names, with the ids in its path, by name."""

    operation: Operation
    ids: Mapping[str, str]


@define
class _Node:
    """Where a path has got to: what may come next, and what it names if nothing does."""

    literals: dict[str, _Node] = field(factory=dict["str", "_Node"])
    any: _Node | None = None
    operations: dict[str, Operation] = field(factory=dict[str, Operation])


class Router:
    """The operations, compiled. A literal segment counts before an id: ``/threads/runs`` is no thread."""

    def __init__(self, operations: Iterable[Operation] = OPERATIONS) -> None:
        self._root = _Node()
        for operation in operations:
            node = self._root
            for segment in operation.segments:
                if segment.startswith("{"):
                    node.any = node = node.any or _Node()
                else:
                    node = node.literals.setdefault(segment, _Node())
            node.operations[operation.method] = operation

    def find(self, dialect: Dialect, segments: Sequence[str], request: Request) -> Match:
        """Return what a path names.

        :raises ApiError: when there is no such path (404), or it does not have the method (405).
        """
        if "%" in request.path:
            segments = [unquote(segment) for segment in segments]
        ids: list[str] = []
        node = _walk(self._root, segments, 0, ids)
        if node is None:
            raise dialect.no_route(request)
        operation = node.operations.get(request.method)
        if operation is None:
            raise dialect.no_method(request)
        return Match(operation, dict(zip(operation.names, ids, strict=True)))


def _walk(node: _Node, segments: Sequence[str], at: int, ids: list[str]) -> _Node | None:
    """Return the node where a path ends, and leave its ids; a literal that leads nowhere may be an id."""
    if at == len(segments):
        return node if node.operations else None
    segment = segments[at]
    known = node.literals.get(segment)
    if known is not None:
        found = _walk(known, segments, at + 1, ids)
        if found is not None:
            return found
    if node.any is None or not segment:
        return None
    ids.append(segment)
    found = _walk(node.any, segments, at + 1, ids)
    if found is None:
        ids.pop()
    return found
