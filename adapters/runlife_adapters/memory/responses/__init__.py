"""Responses and Conversations in the World: what stands between their clients and the runs behind them."""

from runlife_adapters.memory.responses.conversations import Conversations
from runlife_adapters.memory.responses.operations import Responses

__all__ = ["Conversations", "Responses"]
