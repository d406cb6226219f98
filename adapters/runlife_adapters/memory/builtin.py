"""What the service's own tools do in a turn, as plain data: each is a step of its own, without the client.

A function is called by the client; the code interpreter and the file search are not: their steps come
and go while the run is in progress, before the step with which the turn ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self, cast

from attrs import asdict, field, frozen

from runlife import MisuseError
from runlife_adapters.memory.checks import NONE, check_kind, is_a, is_number

__all__ = ["BUILTIN_TOOLS", "BuiltinStep", "CodeInterpreter", "FileSearch", "Found", "builtin_steps"]

Json = dict[str, Any]


def _texts(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


@frozen
class CodeInterpreter:
    """Code that was run, and what came of it: what it printed, and ids of the images it made.

    :raises MisuseError: when a value is of another type.
    """

    type: ClassVar[str] = "code_interpreter"

    input: str = field(validator=is_a(str))
    logs: str | None = field(default=None, validator=is_a(str, NONE))
    images: tuple[str, ...] = field(default=(), converter=_texts)

    def to_json(self) -> Json:
        """Return it as JSON data: only what is said."""
        said = {"input": self.input, "logs": self.logs, "images": list(self.images)}
        return {name: value for name, value in said.items() if value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_json` wrote."""
        return cls(**data)

    @property
    def outputs(self) -> list[Json]:
        """What came of it, as on the wire."""
        logs = [] if self.logs is None else [{"type": "logs", "logs": self.logs}]
        return [*logs, *({"type": "image", "image": {"file_id": image}} for image in self.images)]

    def body(self, *, content: bool) -> Json:  # noqa: ARG002  # only what was found has content
        """Return what stands in the call under the tool's name."""
        return {"input": self.input, "outputs": self.outputs}

    def deltas(self) -> list[Json]:
        """Return what stands there in the events of a stream, piece by piece; the first is the empty call."""
        outputs = [{"index": index, **output} for index, output in enumerate(self.outputs)]
        pieces: list[Json] = [{"input": "", "outputs": []}, {"input": self.input}]
        return [*pieces, {"outputs": outputs}] if outputs else pieces


@frozen
class Found:
    """One passage that a search found: in which file, how well it fits (0 to 1), and its text.

    :raises MisuseError: when a value is of another type.
    """

    file_id: str = field(validator=is_a(str))
    file_name: str = field(validator=is_a(str))
    score: float = 1.0
    text: str = field(default="", validator=is_a(str))

    def __attrs_post_init__(self) -> None:
        if not is_number(self.score) or not 0 <= self.score <= 1:
            msg = f"Found.score: expected a number from 0 to 1, got {self.score!r}"
            raise MisuseError(msg)


def _found(value: Iterable[Found | Mapping[str, Any]]) -> tuple[Found, ...]:
    return tuple(Found(**item) if isinstance(item, Mapping) else item for item in value)


@frozen
class FileSearch:
    """A search in the files of the run's vector stores, and what it found.

    :raises MisuseError: when a value is of another type.
    """

    type: ClassVar[str] = "file_search"

    results: tuple[Found, ...] = field(default=(), converter=_found)
    ranker: str = field(default="default_2024_08_21", validator=is_a(str))
    score_threshold: float = 0.0

    def __attrs_post_init__(self) -> None:
        for result in self.results:
            check_kind("FileSearch.results", result, Found)

    def to_json(self) -> Json:
        """Return it as JSON data."""
        return {**asdict(self, recurse=False), "results": [asdict(found) for found in self.results]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_json` wrote."""
        return cls(**data)

    def body(self, *, content: bool) -> Json:
        """Return what stands in the call under the tool's name; the texts only if their content is wanted."""
        ranking = {"ranker": self.ranker, "score_threshold": self.score_threshold}
        return {"ranking_options": ranking, "results": [_result(found, content) for found in self.results]}

    def deltas(self) -> list[Json]:
        """Return what stands there in the events of a stream: nothing, until the step is completed."""
        return [{}]


def _result(found: Found, content: bool) -> Json:  # noqa: FBT001  # by position, from one place
    result: Json = {
        "file_id": found.file_id,
        "file_name": found.file_name,
        "score": found.score,
        "attributes": {},
    }
    return {**result, "content": [{"type": "text", "text": found.text}]} if content else result


BuiltinStep = CodeInterpreter | FileSearch

BUILTIN_TOOLS: Mapping[str, type[BuiltinStep]] = {kind.type: kind for kind in (CodeInterpreter, FileSearch)}
"""The service's own tools, by type."""


def builtin_steps(value: Iterable[BuiltinStep | Mapping[str, Any]]) -> tuple[BuiltinStep, ...]:
    """Return steps as a tuple; each is given as one, or as JSON: ``{"code_interpreter": {"input": ...}}``.

    :raises MisuseError: when it is anything else.
    """
    check_kind("steps", value, Iterable)
    if isinstance(value, (str, Mapping)):
        msg = f"steps: expected several steps, got {value!r}"
        raise MisuseError(msg)
    return tuple(_step(step) for step in value)


def _step(step: object) -> BuiltinStep:
    if isinstance(step, BuiltinStep):
        return step
    said = dict(cast("Mapping[str, Any]", step)) if isinstance(step, Mapping) else {}
    if len(said) != 1:
        msg = f"a step names one of {', '.join(BUILTIN_TOOLS)}; got {step!r}"
        raise MisuseError(msg)
    ((name, values),) = said.items()
    try:
        return BUILTIN_TOOLS[name].from_json(values)
    except KeyError:
        msg = f"a step names one of {', '.join(BUILTIN_TOOLS)}; got {name!r}"
        raise MisuseError(msg) from None
    except (TypeError, ValueError) as error:
        msg = f"not a step of {name}: {values!r} ({error})"
        raise MisuseError(msg) from error
