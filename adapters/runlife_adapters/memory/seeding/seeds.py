"""Wire objects on their way into a World: what they say, field by field, and what they leave to be filled in.

Everything here is pure: an object comes in, a record goes out, and what cannot be is refused with the
name of its field before anything has changed. What a run, a step or a message has been through is left to
:mod:`.past`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from math import floor
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Union, cast, get_args, get_origin, get_type_hints

from attrs import evolve, fields, frozen

from runlife import IncompleteDetails, LastError, MisuseError, RequiredAction, ToolCall, ToolOutput, Usage
from runlife_adapters.memory.builtin import BUILTIN_TOOLS, BuiltinStep, CodeInterpreter, FileSearch, Found
from runlife_adapters.memory.checks import check_names, is_number
from runlife_adapters.memory.filing.records import BatchRecord, FileRecord, VectorStoreRecord
from runlife_adapters.memory.filing.resources import FileStatus
from runlife_adapters.memory.inputs import (
    assistant_defaults,
    assistant_values,
    check_tool_choice,
    content_parts,
    given,
    run_settings,
)
from runlife_adapters.memory.records import RunSettings
from runlife_adapters.memory.resources import AssistantObject, Json, Resource, to_wire
from runlife_adapters.memory.seeding.checks import CHECKS

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = [
    "CONFIGURED",
    "USUAL_MODEL",
    "Details",
    "Seed",
    "agrees",
    "assistant_of",
    "batch_of",
    "calls_of",
    "content_of",
    "file_of",
    "settings_of",
    "vector_store_of",
]

USUAL_MODEL = "gpt-4o"
"""The model of an assistant of which nothing is said."""

CONFIGURED = (
    "tools",
    "tool_resources",
    "metadata",
    "response_format",
    "reasoning_effort",
    "temperature",
    "top_p",
)
"""The fields that say how an assistant answers; a run has them, too."""

_LARGEST_FILE = 8 * 1024 * 1024
"""Bytes of a file of which only the size is said."""


@frozen
class Seed:
    """A wire object as it was given: some of its fields."""

    kind: str
    """What it calls itself: its ``object``."""
    id: str
    said: Mapping[str, Any]
    now: float
    """When it is put into the World."""

    @property
    def what(self) -> str:
        """What it is called in a complaint."""
        return f"{self.kind} {self.id!r}"

    def refuse(self, name: str, problem: str) -> MisuseError:
        """Return the complaint about a field."""
        return MisuseError(f"{self.what}: {name}: {problem}")

    def check_names(self, kind: type[Resource], *more: str) -> None:
        """Refuse what an object of this kind does not have."""
        check_names(self.what, self.said, ("object", *(a.name for a in fields(kind)), *more))

    def check(self, *names: str) -> None:
        """Refuse of these fields, as far as they are given, what no request could say."""
        for name in names:
            if self.said.get(name) is not None:
                with self.reading(name):
                    CHECKS[name](self.said[name])

    def text(self, name: str) -> str | None:
        """Return a field that is a text, if it is given."""
        value: object = self.said.get(name)
        if value is not None and not isinstance(value, str):
            raise self.refuse(name, f"expected a string, got {value!r}")
        return value

    def time(self, name: str) -> int | None:
        """Return a field that is a time, if it is given."""
        value: object = self.said.get(name)
        if value is None:
            return None
        if not is_number(value) or floor(cast("float", value)) != value:
            raise self.refuse(name, f"expected whole unix seconds, got {value!r}")
        return int(cast("float", value))

    def past(self, name: str) -> int | None:
        """Return a field that is a time which has come, if it is given."""
        moment = self.time(name)
        if moment is not None and moment > self.now:
            raise self.refuse(name, f"{moment} has not come yet: the World's clock reads {self.now:g}")
        return moment

    def created(self, facts: Json, usual: float) -> float:
        """Return when it came into being: as is said, else with the first of its facts that is a time."""
        stamps = [value for value in facts.values() if isinstance(value, int)]
        created_at = self.past("created_at")
        return min([*stamps, usual]) if created_at is None else created_at

    @contextmanager
    def reading(self, name: str) -> Generator[None]:
        """Refuse a field that cannot be read."""
        try:
            yield
        except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
            got = self.said.get(name)
            raise self.refuse(name, f"not as it is on the wire: {got!r} ({error!r})") from error
        except MisuseError as error:
            raise self.refuse(name, str(error)) from error

    # Values of the engine

    def facts(self, *names: str) -> Json:
        """Return the facts that are given by these names, as the engine has them; null is given, too."""
        facts: Json = {}
        for name in names:
            if name not in self.said:
                continue
            value: Any = self.said[name]
            if value is None:
                facts[name] = None
            elif name in _VALUES:
                with self.reading(name):
                    facts[name] = _VALUES[name](value)
            else:
                facts[name] = self.past(name)
        return facts


def _usage(wire: Any) -> Usage:
    usage = Usage(wire.get("prompt_tokens", 0), wire.get("completion_tokens", 0))
    if (total := wire.get("total_tokens", usage.total_tokens)) != usage.total_tokens:
        msg = f"total_tokens is the sum of the others, {usage.total_tokens}; got {total!r}"
        raise MisuseError(msg)
    return usage


def _action(wire: Any) -> RequiredAction:
    return RequiredAction(tuple(map(_call, wire["submit_tool_outputs"]["tool_calls"])))


def _call(wire: Any) -> ToolCall:
    return ToolCall(wire["id"], wire["function"]["name"], wire["function"].get("arguments", "{}"))


def _last_error(wire: Any) -> LastError:
    return LastError(wire["code"], wire.get("message", ""))


def _incomplete_details(wire: Any) -> IncompleteDetails:
    return IncompleteDetails(wire["reason"])


def _object(wire: Any) -> Json:
    return dict(wire or {})


def _array(wire: Any) -> list[Any]:
    return list(wire or ())


_VALUES: Mapping[str, Callable[[Any], object]] = {
    "usage": _usage,
    "required_action": _action,
    "last_error": _last_error,
    "incomplete_details": _incomplete_details,
}
"""How the engine's values are read from the wire; every other fact is a time."""


# Assistants, files, vector stores


def assistant_of(seed: Seed) -> AssistantObject:
    """Return an assistant."""
    seed.check_names(AssistantObject)
    seed.check("name", "description", "instructions", *CONFIGURED)
    said = {n: v for n, v in seed.said.items() if n not in ("id", "object", "created_at")}
    with seed.reading("tools"):
        values: Json = {"model": USUAL_MODEL, **assistant_defaults(), **assistant_values(given(said))}
    for name in ("temperature", "top_p"):
        if name in said and said[name] is None:  # null is a value of these: a model may take neither
            values[name] = None
    created_at = seed.past("created_at")
    return AssistantObject(
        id=seed.id, created_at=floor(seed.now) if created_at is None else created_at, **values
    )


def file_of(seed: Seed) -> FileRecord:
    """Return a file. Its ``content`` is a text; where only its size is said, it is filled with blanks."""
    seed.check("purpose")
    size, content = seed.said.get("bytes"), seed.text("content")
    is_size = isinstance(size, int) and not isinstance(size, bool) and 0 <= size <= _LARGEST_FILE
    if content is None and size is not None and not is_size:
        raise seed.refuse("bytes", f"expected 0 to {_LARGEST_FILE} without a content, got {size!r}")
    created_at = seed.past("created_at")
    return FileRecord(
        id=seed.id,
        created_at=floor(seed.now) if created_at is None else created_at,
        filename=seed.text("filename") or f"{seed.id}.txt",
        purpose=seed.text("purpose") or "assistants",
        content=(size or 0) if content is None else content.encode(errors="surrogatepass"),
        expires_at=seed.time("expires_at"),
    )


def vector_store_of(seed: Seed) -> VectorStoreRecord:
    """Return a vector store, without its files."""
    seed.check("expires_after", "metadata", "file_ids")
    created_at = seed.past("created_at")
    created_at = floor(seed.now) if created_at is None else created_at
    last_active_at = seed.past("last_active_at")
    return VectorStoreRecord(
        id=seed.id,
        created_at=created_at,
        last_active_at=created_at if last_active_at is None else last_active_at,
        name=seed.text("name"),
        description=seed.text("description"),
        expires_after=to_wire(seed.said.get("expires_after")),
        metadata=to_wire(seed.said.get("metadata") or {}),
    )


def batch_of(seed: Seed) -> tuple[BatchRecord, FileStatus]:
    """Return a batch of files, without them, and the status of each."""
    seed.check("file_ids")
    said, known = seed.text("status"), [status for status in FileStatus if status is not FileStatus.FAILED]
    status = FileStatus.COMPLETED if said is None else next((one for one in known if one == said), None)
    if status is None:
        raise seed.refuse("status", f"expected {' or '.join(repr(one.value) for one in known)}, got {said!r}")
    created_at = seed.past("created_at")
    batch = BatchRecord(seed.id, floor(seed.now) if created_at is None else created_at)
    batch.cancelled = status is FileStatus.CANCELLED
    return batch, status


# Messages, runs, steps


def content_of(seed: Seed) -> tuple[Json, ...]:
    """Return the content of a message: given as a text, as parts of a request, or as parts on the wire."""
    seed.check("content")
    content: Any = seed.said.get("content")
    if content is None or isinstance(content, str):
        return content_parts(content) if content else ()
    with seed.reading("content"):
        return tuple(_part(to_wire(part)) for part in content)


def _part(part: Json) -> Json:
    kind = part["type"]
    if kind == "refusal":
        return part
    if kind == "text" and isinstance(part["text"], dict):
        return {"type": kind, "text": {"value": part["text"]["value"], "annotations": [], **part["text"]}}
    return content_parts([part])[0]


def settings_of(seed: Seed, assistant: AssistantObject) -> RunSettings:
    """Return what a run is configured with: what it says, else what its assistant has."""
    names = {a.name for a in fields(RunSettings)} - {"assistant_id"}
    said = {name: value for name, value in seed.said.items() if name in names}
    with seed.reading("tools"):
        settings = run_settings(assistant, said)
    with seed.reading("tool_choice"):
        check_tool_choice(settings)
    # In a request, which is what was read here, null is as good as absent; on the wire it is a value.
    exact = ("instructions", "temperature", "top_p", "reasoning_effort")
    values: Json = {name: said[name] for name in exact if name in said}
    return evolve(settings, **values)


@frozen
class Details:
    """What a step does: calls of functions, with their outputs, or a call of a tool of the service's own."""

    calls: tuple[ToolCall, ...] = ()
    outputs: tuple[ToolOutput, ...] = ()
    ran: tuple[str, BuiltinStep] | None = None


def calls_of(seed: Seed) -> Details:
    """Return what a step of type ``tool_calls`` does."""
    with seed.reading("step_details"):
        said = _array(_object(seed.said.get("step_details")).get("tool_calls"))
        builtin = [call for call in said if call["type"] in BUILTIN_TOOLS]
        if not builtin:
            outputs = ((call["id"], call["function"].get("output")) for call in said)
            return Details(
                tuple(map(_call, said)),
                tuple(ToolOutput(call_id, output) for call_id, output in outputs if output is not None),
            )
        if len(said) > 1:
            msg = "a step calls functions, or one tool of the service's own"
            raise MisuseError(msg)
        (call,) = builtin
        return Details(ran=(call["id"], _builtin(call["type"], call[call["type"]])))


def _builtin(kind: str, said: Json) -> BuiltinStep:
    if kind == CodeInterpreter.type:
        outputs = _array(said.get("outputs"))
        logs = [output["logs"] for output in outputs if output["type"] == "logs"]
        images = (output["image"]["file_id"] for output in outputs if output["type"] == "image")
        return CodeInterpreter(said.get("input", ""), "".join(logs) if logs else None, tuple(images))
    found = (
        Found(
            result["file_id"],
            result["file_name"],
            result.get("score", 1.0),
            "".join(part["text"] for part in _array(result.get("content"))),
        )
        for result in _array(said.get("results"))
    )
    ranking = _object(said.get("ranking_options"))
    return FileSearch(tuple(found), **{n: ranking[n] for n in ("ranker", "score_threshold") if n in ranking})


# What comes of it


def agrees(seed: Seed, made: Resource, *names: str) -> None:
    """Refuse an object whose fields are of the wrong type, or of which these are not as they were given."""
    for name, hint in get_type_hints(type(made)).items():
        if name != "object" and not _is(getattr(made, name), hint):
            raise seed.refuse(name, f"of the wrong type: {getattr(made, name)!r}")
    wire = made.to_json()
    for name in names:
        if name in seed.said and seed.said[name] != wire[name]:
            got = seed.said[name]
            raise seed.refuse(name, f"expected {wire[name]!r}, by the rest of what is said; got {got!r}")


def _is(value: Any, hint: Any) -> bool:
    """Say whether a value is of a type, as deep as JSON goes."""
    origin, inside = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, UnionType):
        return any(_is(value, one) for one in inside)
    if origin is tuple:
        return isinstance(value, tuple) and all(_is(item, inside[0]) for item in _array(value))
    if origin in (dict, Mapping):
        if not isinstance(value, Mapping):
            return False
        pairs: dict[Any, Any] = _object(value)
        return all(isinstance(name, str) and _is(item, inside[1]) for name, item in pairs.items())
    if hint in (int, float):
        return is_number(value) and (hint is float or isinstance(value, int))
    return isinstance(value, NoneType if hint is None else hint)
