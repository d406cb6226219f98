"""What the demo says, in English and in Chinese. The words of the API stay as they are."""

from __future__ import annotations

from typing import Literal

__all__ = ["Language", "say"]

Language = Literal["en", "zh"]

_WORDS: dict[str, tuple[str, str]] = {
    "intro": (
        (
            "Four Runs of the assistant 订单价格计算器. The fake API listens on {url}.\n"
            "The official openai client {version} talks to it, and the driver runs. Time is virtual."
        ),
        (
            "助手“订单价格计算器”的四个 Run。模拟的 API 监听 {url}。\n"
            "官方 openai 客户端 {version} 与它通信,由驱动程序运行。时间是虚拟的。"
        ),
    ),
    "plain": ("1. A plain Run", "1. 普通的 Run"),
    "tools": ("2. A Run that calls a function", "2. 调用函数的 Run"),
    "cancelled": ("3. A Run cancelled in flight", "3. 运行中被取消的 Run"),
    "expired": ("4. A Run that expires because nobody submits", "4. 因无人提交而过期的 Run"),
    "user": ("user", "用户"),
    "assistant": ("assistant", "助手"),
    "function": ("function", "函数"),
    "time": ("seen at", "看到时刻"),
    "status": ("status", "状态"),
    "changed": ("fields that changed", "变化的字段"),
    "caused": ("caused by", "由谁引起"),
    "client": ("client", "客户端"),
    "server": ("server", "服务器"),
    "timer": ("timer", "定时器"),
    "legal": (
        "  ✓ a lawful trace; samples that brought news: {samples}, calls that move a Run: {calls}",
        "  ✓ 合法的轨迹;带来变化的样本:{samples},推动 Run 的调用:{calls}",
    ),
    "picture": ("  → {file}", "  → {file}"),
    "ended": (
        "Ended as they should: {endings}. {virtual:g} virtual seconds in {real:.1f} real ones.",
        "结局都符合预期:{endings}。虚拟 {virtual:g} 秒,实际 {real:.1f} 秒。",
    ),
    "wrong": (
        "Story {story} ended {ended}, not {expected}: {outcome!r}",
        "故事 {story} 的结局是 {ended},而不是 {expected}:{outcome!r}",
    ),
}


def say(language: Language, key: str, **values: object) -> str:
    """Return one of the demo's texts."""
    english, chinese = _WORDS[key]
    return (chinese if language == "zh" else english).format(**values)
