"""Rulebooks: what the runs do and what befalls the calls, in one document, JSON or YAML.

::

    rules:                                  # see runlife_adapters.memory.rules
      - when: {message: "(?i)weather", assistant: Clerk, model: gpt-4o, metadata: {case: tools}}
        schedule: {in_progress: [{delay: 1, to: requires_action, tools: 1}]}
    default:
      in_progress: [{delay: 0.5}]
    faults:                                 # see runlife_adapters.http.faults
      - when: {operation: create_run, nth: 2}
        net: {kind: refuse, status: 429, retry_after: 2}
    seed: 7                                 # for what the faults leave to chance; 0 by default

All parts may be left out. YAML is read as the data of JSON: dates stay texts. Anchors and aliases are
refused, with which a short document can stand for an endless one; so is a key that comes twice, of which
one would silently win. What is wrong is said with its place.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from runlife import MisuseError
from runlife_adapters.http.bodies import no_constant
from runlife_adapters.http.faults import FaultPlan
from runlife_adapters.memory.checks import check_kind, check_names
from runlife_adapters.memory.places import at
from runlife_adapters.memory.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    import yaml

    from runlife_adapters.memory.resources import Json

__all__ = ["LARGEST_RULEBOOK", "dump", "load"]

LARGEST_RULEBOOK = 128 * 1024
"""Characters of a rulebook that are read: YAML is slow, this much of the worst takes seconds."""


def load(text: str) -> tuple[Rules, FaultPlan]:
    """Return the rules and the faults of a rulebook. YAML needs PyYAML (``pip install runlife[server]``).

    :raises MisuseError: when it is no rulebook, saying what is wrong where.
    """
    check_kind("a rulebook", text, str)
    if len(text) > LARGEST_RULEBOOK:
        msg = f"a rulebook has at most {LARGEST_RULEBOOK} characters, got {len(text)}"
        raise MisuseError(msg)
    data = _parsed(text)
    check_names("a rulebook", data, ["rules", "default", "faults", "seed"])
    said = cast("Mapping[str, Any]", data)
    rules = Rules.from_json({name: said[name] for name in ("rules", "default") if name in said})
    with at("seed"):
        check_kind("the seed of the faults", seed := said.get("seed", 0), int)
    return rules, FaultPlan.from_json(said.get("faults", []), seed=seed)


def dump(rules: Rules, plan: FaultPlan) -> Json:
    """Return the rulebook of rules and faults, as JSON data that :func:`load` reads."""
    seed = {"seed": plan.seed} if plan.seed else {}
    return {**rules.to_json(), "faults": plan.to_json(), **seed}


def _parsed(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=no_constant)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        not_json = error
    try:
        import yaml  # noqa: PLC0415  # an extra, and not needed for JSON
    except ImportError:
        msg = f"not JSON ({not_json}), and reading YAML needs PyYAML: pip install runlife[server]"
        raise MisuseError(msg) from None
    try:
        return yaml.load(text, _loader())  # noqa: S506  # it is a SafeLoader
    except RecursionError:
        raise _too_deep() from None
    except (yaml.YAMLError, ValueError) as error:
        # Whoever begins with a brace means JSON, and is helped by what a reader of JSON says.
        said = f"JSON: {not_json}" if text.lstrip()[:1] in ("{", "[") else f"YAML: {error}"
        msg = f"neither JSON nor YAML; {said}"
        raise MisuseError(msg) from error


def _too_deep() -> MisuseError:
    return MisuseError("a rulebook is not nested that deeply")


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    said = dict(pairs)
    if len(said) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        msg = f"{twice!r} is given twice in one object"
        raise MisuseError(msg)
    return said


@cache
def _loader() -> type[yaml.SafeLoader]:
    """Return the loader of the YAML that is JSON in another dress."""
    import yaml  # noqa: PLC0415  # an extra
    from yaml.constructor import ConstructorError  # noqa: PLC0415

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {  # noqa: RUF012  # declared so by PyYAML
            first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            events = cast("Any", self)  # a part of PyYAML without types
            if events.check_event(yaml.AliasEvent):
                raise ConstructorError(None, None, "aliases are refused", events.peek_event().start_mark)
            return super().compose_node(parent, index)

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002  # PyYAML's own
            keys, construct = set[Hashable](), cast("Any", self).construct_object
            for key_node, _ in node.value:
                key: object = construct(key_node, deep=True)
                if isinstance(key, Hashable):  # whatever is not is refused below
                    if key in keys:
                        raise ConstructorError(None, None, f"{key!r} is given twice", key_node.start_mark)
                    keys.add(key)
            return super().construct_mapping(node, deep=deep)

    return Loader
