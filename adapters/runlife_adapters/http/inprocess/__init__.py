"""HTTP clients that reach the fake without a socket, for the official SDK, sync and async.

The SDK speaks through httpx2 from its version 3 on, and through httpx before; a client of the one
that is installed is returned, whose transport calls the service directly::

    client = OpenAI(api_key="none", http_client=sync_client(Service(world)))

The transport streams: the events of a run come as they happen, and what the client waits for, on a
VirtualClock, is what moves it (:mod:`.waiting`). What befalls an answer on the
network is raised as the library's own error, the one that a real network would have led to:

==================  ===========================================================
``reset_before``    ``ConnectError``
``reset_after``     ``ReadError``
``cut_stream``      ``RemoteProtocolError``, once the events are read that came
``lose_request``    ``ConnectTimeout``, at once (in virtual time: after it)
``lose_response``   ``ReadTimeout``, in the same way
``stall_stream``    the same, once the events are read that came
``delay``           ``ReadTimeout``, if the client waits for less
==================  ===========================================================

The async transport is for asyncio. On an event loop whose time is the World's clock, it waits as the loop
does, so that other tasks have their turns meanwhile.
"""

from runlife_adapters.http.inprocess.transport import (
    async_client,
    async_transport,
    library_of_sdk,
    sync_client,
    sync_transport,
)

__all__ = ["async_client", "async_transport", "library_of_sdk", "sync_client", "sync_transport"]
