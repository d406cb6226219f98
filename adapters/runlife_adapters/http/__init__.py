"""The fake over HTTP: the official SDKs talk to it unchanged.

:class:`Service` is the whole of it, without I/O. Around it stand an ASGI app, a server on a socket
(uploads and the server need the extra ``server``), and clients that need no socket at all. Those are
imported from their own modules, so that each brings only what it needs::

    from runlife_adapters.http import Service
    from runlife_adapters.http.asgi import create_app
    from runlife_adapters.http.inprocess import async_client, sync_client
    from runlife_adapters.http.server import serve
"""

from runlife_adapters.http.inprocess import async_client, async_transport, sync_client, sync_transport
from runlife_adapters.http.messages import BrokenStreamError, Request, Response, Stream
from runlife_adapters.http.operations import OPERATIONS, Operation
from runlife_adapters.http.service import Service

__all__ = [
    "OPERATIONS",
    "BrokenStreamError",
    "Operation",
    "Request",
    "Response",
    "Service",
    "Stream",
    "async_client",
    "async_transport",
    "sync_client",
    "sync_transport",
]
