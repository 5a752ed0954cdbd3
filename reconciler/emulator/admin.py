"""Set faults of a running emulator from outside, over HTTP and JSON: any language, curl included.

Belongs here: the paths and their JSON. Not here: what a fault is (`faults.py`). On the loopback interface only, on a
port of its own, so that no client of the service ever meets it; and only if asked for. A web page that is open on the
same machine must not order faults: a POST needs a JSON content type, and every request the Host of this machine.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from reconciler.emulator.calls import Calls
from reconciler.emulator.fault_plane import Faults, Strike
from reconciler.emulator.faults import Fault
from reconciler.emulator.storm import Storm

HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 18081
_LARGEST: Final = 4 << 20
_NAMES: Final = ("127.0.0.1", "localhost")

Answer = Callable[[Any], Any]
"""From the body of a request, None without one, to that of the reply; ValueError is 400."""


class AdminPortTaken(OSError):
    """The port is in use or may not be bound."""


class Admin:
    """The interface of one emulator, between `start` and `stop`."""

    def __init__(self, faults: Faults, calls: Calls, port: int) -> None:
        self._routes, self._port = _routes(faults, calls), port
        self._server: ThreadingHTTPServer | None = None

    @property
    def base(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self._port}"

    def start(self) -> None:
        """Begin to answer."""
        try:
            self._server = ThreadingHTTPServer((HOST, self._port), _handler(self._routes))
        except OSError:
            raise AdminPortTaken(f"cannot listen on {HOST}:{self._port}: the port is taken or not allowed") from None
        self._port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="emulator-admin", daemon=True).start()

    def stop(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def _routes(faults: Faults, calls: Calls) -> Mapping[tuple[str, str], Answer]:
    def orders(body: Any = None) -> Any:
        storm = faults.blowing
        return {"ordered": [fault.fields() for fault in faults.ordered], "storm": storm and storm.fields()}

    def order(body: Any) -> Any:
        for fault in [Fault.parse(_object(each)) for each in (body if isinstance(body, list) else [body])]:
            faults.order(fault)
        return orders()

    def storm(body: Any) -> Any:
        faults.begin(Storm.parse(_object(body)))
        return orders()

    def replay(body: Any) -> Any:
        if not isinstance(body, list):
            raise ValueError("a journal is a list of what struck")
        faults.replay([Strike.parse(_object(entry)) for entry in body])
        return {"replayed": len(body)}

    def clear(body: Any) -> Any:
        faults.clear()
        return orders()

    def count(body: Any) -> Any:
        return {"arrived": dict(calls.counts), "executed": dict(calls.executed)}

    def forget(body: Any) -> Any:
        calls.reset()
        return count(body)

    return {
        ("GET", "/faults"): orders,
        ("POST", "/faults"): order,
        ("DELETE", "/faults"): clear,
        ("POST", "/faults/storm"): storm,
        ("GET", "/faults/journal"): lambda body: [entry.fields() for entry in faults.journal],
        ("POST", "/faults/replay"): replay,
        ("GET", "/calls"): count,
        ("DELETE", "/calls"): forget,
    }


def _object(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise ValueError(f"a JSON object is needed, not {json.dumps(body)}")
    return body


class _Refused(Exception):
    """A request that is not looked at any further."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(why)
        self.number = number


def _handler(routes: Mapping[tuple[str, str], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers one request in JSON; an error is `{"error": "..."}`."""

        def _serve(self) -> None:
            try:
                answer = routes.get((self.command, self.path))
                if answer is None:
                    known = ", ".join(f"{verb} {path}" for verb, path in routes)
                    raise _Refused(404, f"there is no {self.command} {self.path}; there are {known}")
                self._reply(200, answer(self._body()))
            except _Refused as reason:
                self._reply(reason.number, {"error": str(reason)})
            except (ValueError, TypeError) as reason:
                self._reply(400, {"error": str(reason)})

        do_GET = do_POST = do_DELETE = _serve

        def _body(self) -> Any:
            if self.headers.get("Host", "").rpartition(":")[0] not in _NAMES:
                raise _Refused(403, f"ask for {HOST} by that name")
            length = self.headers.get("Content-Length", "0")
            if not length.isdigit() or int(length) > _LARGEST:
                raise _Refused(413, f"a request has at most {_LARGEST} bytes")
            if self.command != "POST":
                return None
            if self.headers.get_content_type() != "application/json":
                raise _Refused(415, "send it with Content-Type: application/json")
            text = self.rfile.read(int(length))
            return json.loads(text) if text else None

        def _reply(self, number: int, body: Any) -> None:
            content = json.dumps(body).encode() + b"\n"
            self.send_response(number)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the emulator's output belongs to its user."""

    return Handler
