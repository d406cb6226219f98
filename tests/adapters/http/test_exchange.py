"""What an exchange says of a call: whether it took effect, and whether its client heard."""

from __future__ import annotations

from typing import get_args

import pytest

from runlife_adapters.http.exchange import Exchange
from runlife_adapters.memory.net import Net, NetKind


def exchange(net: Net | None, run_id: str | None = None) -> Exchange:
    """Return a call that something befell."""
    return Exchange(
        number=1,
        at=0.0,
        real_at=0.0,
        monotonic_at=0.0,
        method="POST",
        path="/v1/threads/runs",
        digest="",
        operation="create_thread_and_run",
        status=200,
        net=net,
        run_id=run_id,
    )


@pytest.mark.parametrize("kind", get_args(NetKind))
def test_a_call_took_effect_as_the_fault_says(kind: NetKind) -> None:
    """It used to have a list of its own of the faults that come before; no such call is heard of either."""
    net = Net(kind)
    befallen = exchange(net)

    assert befallen.took_effect is net.takes_effect
    assert net.takes_effect or not befallen.heard
    assert exchange(net, run_id="run_1").took_effect


def test_a_call_that_nothing_befell_took_effect_and_is_heard() -> None:
    """And it is not late."""
    plain = exchange(None)

    assert (plain.took_effect, plain.heard, plain.late) == (True, True, False)
