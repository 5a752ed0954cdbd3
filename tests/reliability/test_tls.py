"""TLS through the command line: who cannot prove to be the service gets no request, at once and with the reason.

The emulator speaks plain text, so a front of a few lines ends the encryption before it. What a channel does by itself
is in `client/test_channel.py`.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from reconciler.emulator.server import Emulator
from tests.canary import CANARY
from tests.reliability.zygote import Ended, Zygote

WALKTHROUGH = str(Path(__file__).parents[2] / "manifests" / "auto-annotation")
COMMANDS = {
    "plan": ("plan", WALKTHROUGH),
    "apply": ("apply", WALKTHROUGH, "--auto-approve"),
    "drift": ("drift", WALKTHROUGH),
}


class Front:
    """Ends TLS and hands the bytes on to a plain-text server of this machine."""

    def __init__(self, certificate: trustme.LeafCert, behind: str) -> None:
        host, _, port = behind.rpartition(":")
        self._behind = host, int(port)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.set_alpn_protocols(["h2"])
        certificate.configure_cert(self._context)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with (
            suppress(OSError),
            self._context.wrap_socket(plain, server_side=True) as ours,
            socket.create_connection(self._behind) as theirs,
        ):
            back = threading.Thread(target=_pump, args=(theirs, ours), daemon=True)
            back.start()
            _pump(ours, theirs)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def front(authority: trustme.CA, emulator: Emulator) -> Iterator[Callable[..., Front]]:
    """Put TLS before the emulator, with a certificate for these names."""
    running: list[Front] = []

    def start(*names: str, **options: Any) -> Front:
        running.append(Front(authority.issue_cert(*names, **options), emulator.address))
        return running[-1]

    yield start
    for each in running:
        each.close()


@pytest.fixture
def tool(zygote: Zygote, tmp_path: Path) -> Callable[..., Ended]:
    """Runs `reconciler` against a port of this machine, trusting an authority; None: those that everybody trusts."""
    (tmp_path / "work").mkdir()

    def run(*words: str, port: int, trusting: trustme.CA | None) -> Ended:
        environ = {"CLARIFAI_API_BASE": f"https://localhost:{port}", "CLARIFAI_PAT": CANARY}
        environ["CLARIFAI_USER_ID"] = "me-local"
        if trusting is not None:
            trusting.cert_pem.write_to_path(tmp_path / "ca.pem")
            environ["CLARIFAI_ROOT_CERTIFICATES_PATH"] = str(tmp_path / "ca.pem")
        return zygote.run(*words, "--debug", folder=tmp_path / "work", environ=environ).ended

    return run


def test_a_private_authority_that_is_trusted(tool: Any, front: Any, authority: trustme.CA, emulator: Emulator) -> None:
    port = front("localhost").port
    assert tool("apply", WALKTHROUGH, "--auto-approve", port=port, trusting=authority).code == 0
    assert tool("plan", WALKTHROUGH, "--detailed-exitcode", port=port, trusting=authority).code == 0
    assert emulator.calls.writes


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("reason", ["self-signed", "wrong authority", "wrong host", "expired", "plain text"])
def test_who_cannot_prove_to_be_the_service_gets_no_request(
    tool: Any, front: Any, authority: trustme.CA, emulator: Emulator, reason: str, command: str, figures: Any
) -> None:
    names, options, trusting = ("localhost",), {}, authority
    match reason:
        case "self-signed":
            trusting = None
        case "wrong authority":
            trusting = trustme.CA()
        case "wrong host":
            names = ("other.example",)
        case "expired":
            options = {"not_after": datetime(2020, 1, 1, tzinfo=UTC)}
    port = int(emulator.address.rpartition(":")[2]) if reason == "plain text" else front(*names, **options).port
    ended = tool(*COMMANDS[command], port=port, trusting=trusting)
    assert ended.code == 1
    assert "certificate" in ended.err
    assert "CLARIFAI_ROOT_CERTIFICATES_PATH" in ended.err
    assert "network: 1 calls (GetApp 1), 0 repeated, 0.0 s waited" in ended.err
    assert not emulator.calls.entries
    figures("runs against a side that could not prove to be the service", 1)


@pytest.mark.parametrize("command", COMMANDS)
def test_plain_text_to_another_machine_needs_a_flag(zygote: Zygote, tmp_path: Path, command: str) -> None:
    (tmp_path / "work").mkdir()
    environ = {"CLARIFAI_API_BASE": "http://192.0.2.1:80", "CLARIFAI_PAT": CANARY, "CLARIFAI_USER_ID": "me-local"}
    ended = zygote.run(*COMMANDS[command], "--debug", folder=tmp_path / "work", environ=environ).ended
    assert ended.code == 1
    assert "plain text" in ended.err
    assert "--insecure" in ended.err
    assert "network:" not in ended.err
