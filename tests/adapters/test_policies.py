"""The open questions as one list: named, read from text, and handed to the World."""

from __future__ import annotations

import pytest
from attrs import fields

from runlife import MisuseError, Policy
from runlife_adapters.memory.service_policy import ServicePolicy
from runlife_adapters.policies import OPTIONS, policies


def test_every_open_question_is_listed_once() -> None:
    """The fields of both classes, and no name stands for two of them."""
    names = [one.name for owner in (Policy, ServicePolicy) for one in fields(owner)]
    assert list(OPTIONS) == names


@pytest.mark.parametrize("name", OPTIONS)
def test_the_usual_answer_reads_as_it_is_written(name: str) -> None:
    """What the help shows as the default is an answer, and means the default."""
    option = OPTIONS[name]
    assert option.read(option.write()) == option.default


@pytest.mark.parametrize("name", OPTIONS)
def test_every_answer_that_is_offered_is_taken(name: str) -> None:
    """Each of the words between the bars makes a policy."""
    option = OPTIONS[name]
    for word in option.answers.split("|"):
        text = "7" if word == "INTEGER" else word
        answered = policies({name: option.read(text)})
        owner = answered[0] if option.owner is Policy else answered[1]
        assert str(getattr(owner, name)).lower() == text


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("shut_down", "maybe", "shut_down: expected true|false; got 'maybe'"),
        ("error_event", "round", "error_event: expected nested|flat; got 'round'"),
        ("poll_after_ms", "soon", "poll_after_ms: expected INTEGER|none; got 'soon'"),
    ],
)
def test_an_answer_that_is_none_is_refused(name: str, text: str, says: str) -> None:
    """The message says what would be one."""
    with pytest.raises(MisuseError) as caught:
        OPTIONS[name].read(text)
    assert str(caught.value) == says


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"shut_dwon": True}, "no policy is named 'shut_dwon'; there are cancel_outside_in_progress, "),
        ({"poll_after_ms": -1}, "poll_after_ms"),
        ({"poll_after_ms": "1"}, "poll_after_ms"),
        ({"cancel_may_lose": "no"}, "cancel_may_lose"),
    ],
)
def test_a_wrong_name_or_value_is_misuse(answers: dict[str, object], says: str) -> None:
    """Whichever class it belongs to, and however that one puts it."""
    with pytest.raises(MisuseError) as caught:
        policies(answers)
    assert says in str(caught.value)
