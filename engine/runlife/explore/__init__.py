"""Exhaustive exploration: every state of a small model, and claims that hold in all of them.

:mod:`~runlife.explore.search` explores any model, :mod:`~runlife.explore.properties` says what to
claim. :mod:`~runlife.explore.clients` is the model of several clients against one run, decided by
the real engine (:mod:`~runlife.explore.quotient`), and :mod:`~runlife.explore.lawfulness` what must
hold of it.

>>> from runlife.explore import Clients, claims, explore
>>> model = Clients(1)
>>> found = explore(model, *claims(model))
>>> found.assert_holds()
>>> found.states, found.edges
(1918, 6848)
"""

from runlife.explore.clients import POLL, Clients, Phase, State, Step, Thread, Verb
from runlife.explore.lawfulness import claims
from runlife.explore.properties import (
    Exploration,
    Finding,
    Kind,
    Property,
    PropertyError,
    Trail,
    Verdict,
    always,
    always_step,
    eventually,
    sometimes,
    sometimes_step,
)
from runlife.explore.search import Model, TableModel, explore

__all__ = [
    "POLL",
    "Clients",
    "Exploration",
    "Finding",
    "Kind",
    "Model",
    "Phase",
    "Property",
    "PropertyError",
    "State",
    "Step",
    "TableModel",
    "Thread",
    "Trail",
    "Verb",
    "Verdict",
    "always",
    "always_step",
    "claims",
    "eventually",
    "explore",
    "sometimes",
    "sometimes_step",
]
