"""By which names a machine calls itself and nobody else."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

__all__ = ["host_of", "is_loopback"]

_LOCALHOST = "localhost"


def host_of(url: str) -> str | None:
    """Return the host that a URL, or what stands behind its scheme, names; None when it names none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def is_loopback(host: str | None) -> bool:
    """Say whether a name or an address is one by which nothing but this machine is called."""
    if host is None:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        # Browsers and resolvers keep all of these for this machine (RFC 6761).
        name = host.removesuffix(".").lower()
        return name == _LOCALHOST or name.endswith(f".{_LOCALHOST}")
