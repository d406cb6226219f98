"""The shop of the demo: the assistant 订单价格计算器, its one function, and the model that calls it.

The function is an ordinary local one, and its answer is what the model's reply says: nothing of the
total is written down anywhere else.
"""

from __future__ import annotations

import json
from typing import Any, TypedDict

from attrs import frozen

from runlife_adapters.memory import Call, Context, Turn

__all__ = ["ASSISTANT", "Clerk", "Item", "Total", "calculate_order_total"]

PRICES = {"书": 59.00, "电子产品": 1299.00}
"""The shop's price list, in yuan."""


class Item(TypedDict):
    """One line of an order."""

    product: str
    quantity: int


class Total(TypedDict):
    """What an order costs."""

    lines: list[str]
    total: float
    currency: str


def calculate_order_total(items: list[Item]) -> Total:
    """Return what an order costs, by the price list.

    :raises KeyError: when the shop has no such product.
    """
    costs = {item["product"]: PRICES[item["product"]] * item["quantity"] for item in items}
    return {
        "lines": [f"{product} ¥{cost:,.2f}" for product, cost in costs.items()],
        "total": sum(costs.values()),
        "currency": "CNY",
    }


ASSISTANT: dict[str, Any] = {
    "name": "订单价格计算器",
    "model": "gpt-4o",
    "instructions": "你是一个订单价格计算器。请调用 calculate_order_total 计算订单总价。",
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "calculate_order_total",
                "description": "根据订单中的商品和数量计算订单总价",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "items": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "properties": {
                                    "product": {"type": "string", "enum": list(PRICES)},
                                    "quantity": {"type": "integer", "minimum": 1},
                                },
                                "required": ["product", "quantity"],
                            },
                        }
                    },
                    "required": ["items"],
                },
            },
        }
    ],
}


@frozen
class Clerk:
    """The model: it calls the function when products are named, and otherwise introduces itself."""

    def turn(self, context: Context) -> Turn:
        """Return what the model does, given what it sees."""
        if context.rounds:
            answer: Total = json.loads(context.rounds[-1].outputs[-1].output)
            return Turn(f"您的订单总价为 ¥{answer['total']:,.2f}:{';'.join(answer['lines'])}。")
        said = next(m.text for m in reversed(context.messages) if m.role == "user")
        items = [{"product": product, "quantity": 1} for product in PRICES if product in said]
        if items:
            return Turn(calls=(Call("calculate_order_total", {"items": items}),))
        return Turn("您好!我可以帮您计算订单总价:告诉我您买了什么,我就为您算出价格。")
