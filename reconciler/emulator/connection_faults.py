"""Break connections: a relay in front of the gRPC server that can reset one, or lead new ones to another server.

A server written in Python cannot break a connection of its own, since gRPC's core holds the sockets. Belongs here: the
relay. Not here: which call it strikes (`fault_plane.py`). It speaks no protocol: bytes in, bytes out.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from typing import Final

_CHUNK: Final = 1 << 16
_ABORT: Final = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: closing the socket sends RST."""


class Relay:
    """Listens on an address and passes every connection on to `target`, a port of this machine."""

    def __init__(self, host: str, port: int, target: int) -> None:
        self.target = target
        self._socket = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._loop = asyncio.new_event_loop()
        self._clients: dict[int, asyncio.StreamWriter] = {}
        self._thread = threading.Thread(target=self._run, name="emulator-relay", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Begin to relay."""
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and listen no more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._socket.close()

    def reset(self, peer: str) -> None:
        """Send RST to the client behind a peer as the gRPC server names it, `ipv4:127.0.0.1:PORT`."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(self._abort, int(peer.rpartition(":")[2]), done)
        done.wait(5)

    def _abort(self, port: int, done: threading.Event) -> None:
        writer = self._clients.get(port)
        if writer is not None:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
            writer.transport.abort()
        # Aborting closes the socket in the loop's next round.
        self._loop.call_soon(self._loop.call_soon, done.set)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._relay, sock=self._socket))
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        port = server_writer.get_extra_info("sockname")[1]
        self._clients[port] = writer
        try:
            # Either side's end is the end of both: HTTP/2 has no use for a half-closed connection.
            ways = [
                asyncio.ensure_future(_pass(reader, server_writer)),
                asyncio.ensure_future(_pass(server_reader, writer)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
        finally:
            del self._clients[port]
            for end in (writer, server_writer):
                end.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
