"""Serve the bytes of inputs over HTTP, under the addresses that replies show.

Belongs here: a web server that reads from the store, and its life. Not here: what an address looks like (`media.py`).
It listens beside the gRPC port on a free port of its own, so an address is good for one run of the emulator; the
emulator itself understands its addresses of every run. Who knows the SHA-256 of a medium may have it.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Final

from reconciler.emulator import image_info, media
from reconciler.emulator.store import Store

_TYPES: Final = {"JPEG": "jpeg", "PNG": "png", "GIF": "gif", "WEBP": "webp", "BMP": "bmp", "TIFF": "tiff"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Bind without asking a name server who we are."""
        TCPServer.server_bind(self)


class Hosting:
    """The web server of one emulator, between `start` and `stop`."""

    def __init__(self, store: Store, host: str) -> None:
        self._store, self._host = store, host
        self._server: _Server | None = None

    def start(self) -> str:
        """Begin to serve and return the beginning of every address."""
        self._server = _Server((self._host, 0), _handler(self._store))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="emulator-hosting", daemon=True).start()
        return f"http://{self._host}:{self._server.server_address[1]}"

    def stop(self) -> None:
        """Serve no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def _handler(store: Store) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers one request; an address we never gave is 404."""

        def do_GET(self) -> None:
            """The bytes behind an address."""
            digest = media.digest_in(self.path)
            with store.transaction():
                content = media.get(store, digest) if digest else None
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", _type_of(content))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the emulator's output belongs to its user."""

    return Handler


def _type_of(content: bytes) -> str:
    found = image_info.read(content)
    return f"image/{_TYPES[found.format]}" if found else "application/octet-stream"
