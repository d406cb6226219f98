"""What the package brings along."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_service_needs_no_server() -> None:
    """The core can be imported where neither a web framework nor an HTTP client is installed."""
    code = (
        "import sys, runlife_adapters.http; "
        "print(sys.modules.keys() & {'starlette', 'uvicorn', 'httpx', 'httpx2', 'openai', 'asyncio'})"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "set()"
