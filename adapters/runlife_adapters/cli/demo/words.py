"""What the demo says, in English and in Chinese. The words of the API stay as they are."""

from __future__ import annotations

from typing import Literal

__all__ = ["Language", "say"]

Language = Literal["en", "zh"]

_WORDS: dict[str, tuple[str, str]] = {
    "intro": (
        (
            "Four Runs of the assistant 订单价格计算器{api}. The fake API listens on {url}.\n"
            "The official openai client {version} talks to it, and the driver runs. Time is virtual."
        ),
        (
            "助手“订单价格计算器”的四个 Run{api}。模拟的 API 监听 {url}。\n"
            "官方 openai 客户端 {version} 与它通信,由驱动程序运行。时间是虚拟的。"
        ),
    ),
    "assistants": ("", ""),
    "responses": (", over the Responses API", ",基于 Responses API"),
    "ours": (
        (
            "There is no Run there but a chain of responses, whose ids stand below. What no response tells\n"
            "is the client's: how long it lives; started_at, which is when it was first seen at work;\n"
            "and cancelling, which lasts as long as the call, for a response is cancelled at once\n"
            "(≤ stands before what was not seen, but had happened by then)."
        ),
        (
            "那里没有 Run,只有一串 response,其 id 列在下面。response 不提供的由客户端补上:存活期限;\n"
            "started_at,即首次看到它在运行的时刻;以及 cancelling,它只持续到取消调用返回,\n"
            "因为 response 会立即取消(≤:最迟在此时,并未看到)。"
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
    "abandoned": (
        "Story {story} has no ending, as it is not watched any longer: {why}",
        "故事 {story} 没有结局,不再观察:{why}",
    ),
    # On a real endpoint
    "cost": (
        (
            "THIS COSTS MONEY, of whoever the key belongs to.\n"
            "  where   {url}\n"
            "  what    at most {responses} responses of {model}, each of at most {tokens} output tokens;\n"
            "          each reads some hundred tokens, and what was said before in its story\n"
            "  beside  polling, for a minute or two; the responses stay stored there, as usual\n"
            "Ctrl-C cancels what is at work."
        ),
        (
            "这会产生费用,由密钥的所有者承担。\n"
            "  地址  {url}\n"
            "  内容  最多 {responses} 个 {model} 的 response,每个最多输出 {tokens} 个 token;\n"
            "        每个读入数百个 token,以及该故事中此前的内容\n"
            "  此外  轮询一两分钟;response 照常保存在那里\n"
            "按 Ctrl-C 会取消正在运行的内容。"
        ),
    ),
    "go_on": ("Go on?", "继续吗?"),
    "nobody": (
        "--live costs money, and there is no terminal to ask whether that is wanted: give --yes",
        "--live 会产生费用,而这里没有终端可供确认:请使用 --yes",
    ),
    "no_key": (
        "--live needs a key: put it into the environment variable OPENAI_API_KEY",
        "--live 需要密钥:请设置环境变量 OPENAI_API_KEY",
    ),
    "intro_live": (
        (
            "Four Runs of the assistant 订单价格计算器, over the Responses API of {url}.\n"
            "The official openai client {version} talks to it, and the driver runs. Time is real."
        ),
        (
            "助手“订单价格计算器”的四个 Run,基于 {url} 的 Responses API。\n"
            "官方 openai 客户端 {version} 与它通信,由驱动程序运行。时间是真实的。"
        ),
    ),
    "late": (
        "  The cancel came too late, as it lawfully may: the run ended {ended}.",
        "  取消来得太晚,这是合法的:Run 的结局是 {ended}。",
    ),
    "more_tokens": (
        "The model had more to write than it may here (a reasoning model thinks first): give --max-tokens.",
        "模型想写的超出了此处的上限(推理模型会先思考):请使用 --max-tokens。",
    ),
    "bad_key": (
        "{url} does not accept the key of OPENAI_API_KEY ({status}). Nothing more was sent.",
        "{url} 不接受 OPENAI_API_KEY 中的密钥({status})。没有再发送任何内容。",
    ),
    "not_there": (
        (
            "{url} has no such thing (404): {message}\n"
            "Is there a model {model}, and does it speak the Responses API? See --model and --base-url."
        ),
        (
            "{url} 上没有(404):{message}\n"
            "那里有模型 {model} 并支持 Responses API 吗?见 --model 和 --base-url。"
        ),
    ),
    "refused": ("{url} refused a call ({status}): {message}", "{url} 拒绝了调用({status}):{message}"),
    "spent": (
        "It would have taken more than {responses} responses: no more are created than was said. {message}",
        "需要的 response 超过 {responses} 个:不会创建比说明中更多的 response。{message}",
    ),
    "interrupted": (
        (
            "Interrupted. What is known to be at work was cancelled. A response whose creation had not been\n"
            "answered yet may exist, and ends by itself."
        ),
        "已中断。已知正在运行的内容已取消。创建调用尚未得到答复的 response 可能存在,它会自行结束。",
    ),
    "ended_live": (
        "Ended: {endings}. {created} responses, {tokens:,} tokens as far as the service says, {real:.0f} s.",
        "结局:{endings}。{created} 个 response,服务所说的 {tokens:,} 个 token,{real:.0f} 秒。",
    ),
}


def say(language: Language, key: str, **values: object) -> str:
    """Return one of the demo's texts."""
    english, chinese = _WORDS[key]
    return (chinese if language == "zh" else english).format(**values)
