"""The four stories: what the user says, what the server does, and how the run must end."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

from runlife import RunStatus
from runlife_adapters.memory import After, Schedule

__all__ = ["STORIES", "Story"]

GREETING = "你好,请问你能做什么。"
ORDER = "你好,我购买了一本书和一个电子产品,请帮我计算一下订单总价。"
ESSAY = "请写一篇一千字的文章,介绍算盘的历史。"


@frozen
class Story:
    """One run: its ``name`` (also that of its texts and its picture) and how it must end.

    ``client`` is what the client does besides watching: it calls the function, cancels the run
    once it is in progress, or leaves it alone.
    """

    name: str
    says: str
    gloss: str
    """The same in English."""
    ending: RunStatus
    client: Literal["calls", "cancels", "leaves"] = "calls"
    schedule: Schedule = field(factory=Schedule)

    @property
    def is_order(self) -> bool:
        """Whether the function is needed to answer."""
        return self.says == ORDER


STORIES = (
    Story("plain", GREETING, "Hello, what can you do?", RunStatus.COMPLETED),
    Story(
        "tools",
        ORDER,
        "Hello, I bought a book and an electronic product; what does my order come to?",
        RunStatus.COMPLETED,
    ),
    Story(
        "cancelled",
        ESSAY,
        "Write an essay of a thousand characters on the history of the abacus, please.",
        RunStatus.CANCELLED,
        client="cancels",
        schedule=Schedule(in_progress=[After(30)]),
    ),
    Story("expired", ORDER, "the same order", RunStatus.EXPIRED, client="leaves"),
)
