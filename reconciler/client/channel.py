"""The connection: where it goes, whether it is encrypted, and what gRPC may do on its own.

Not `ClarifaiChannel`: that one repeats every RPC up to five times when a reply is lost, creates included (reliability
S1). Belongs here: addresses, TLS, channel options. Does not belong here: tokens, which travel only in the metadata of a
call (`api`).
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import grpc

from reconciler.client.rpcs import SERVICE, reads
from reconciler.core.diagnostics import ReconcilerError

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Target:
    """Where the service is: `host:port`, and whether the connection is encrypted."""

    host: str
    port: int
    tls: bool

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether the connection stays on this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse_base(base: str) -> Target:
    """Read an address as the SDK does (facts 1.2), but without its HTTPS probe: no scheme means TLS.

    `http://` is plain text, port 80 if none; everything else is TLS, port 443 if none.
    """
    scheme, separator, rest = base.strip().rpartition("://")
    if separator and scheme.lower() not in ("http", "https"):
        raise _bad(base, "only http:// and https:// are known")
    tls = scheme.lower() != "http"
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname, parts.port
    except ValueError as reason:
        raise _bad(base, str(reason)) from None
    if not host or parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment:
        raise _bad(base, "write SCHEME://HOST[:PORT], without user, path or query")
    return Target(host, port or (443 if tls else 80), tls)


def _bad(base: str, why: str) -> ReconcilerError:
    # A base may hold a password (https://user:secret@host), so what comes before the host is not repeated.
    shown = base.strip().rpartition("@")[2]
    return ReconcilerError(f"the address {shown!r} cannot be used: {why}", hint="see --base and CLARIFAI_API_BASE")


def open_channel(target: Target, *, root_certificates: Path | None = None, insecure: bool = False) -> grpc.Channel:
    """A lazy channel to the service; plain text only to this machine, unless `insecure` says otherwise."""
    if target.tls:
        return grpc.secure_channel(str(target), _credentials(root_certificates), options(target))
    if not (target.loopback or insecure):
        raise ReconcilerError(
            f"http://{target} would send the access token in plain text over the network",
            hint="use https://, or --insecure if this network is really yours",
        )
    return grpc.insecure_channel(str(target), options(target))


def _credentials(root_certificates: Path | None) -> grpc.ChannelCredentials:
    if root_certificates is None:
        return grpc.ssl_channel_credentials()
    hint = "see CLARIFAI_ROOT_CERTIFICATES_PATH"
    try:
        pem = root_certificates.read_bytes()
    except OSError as reason:
        raise ReconcilerError(f"the certificate file {root_certificates}: {reason.strerror}", hint=hint) from None
    if b"-----BEGIN CERTIFICATE-----" not in pem:
        raise ReconcilerError(f"the certificate file {root_certificates} holds no PEM certificate", hint=hint)
    return grpc.ssl_channel_credentials(pem)


def options(target: Target) -> list[tuple[str, int | str]]:
    """What gRPC is told about a channel; nothing here may ever repeat a write."""
    own: list[tuple[str, int | str]] = [
        ("grpc.max_send_message_length", GIB),
        ("grpc.max_receive_message_length", GIB),
        ("grpc.enable_retries", 1),
        ("grpc.service_config", service_config()),
        ("grpc.service_config_disable_resolution", 1),  # else a DNS record could bring a policy that repeats writes
        ("grpc.keepalive_time_ms", 300_000),  # servers cut off who pings more often than every five minutes
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.min_reconnect_backoff_ms", 200),
        ("grpc.max_reconnect_backoff_ms", 5_000),
    ]
    if target.loopback:  # a proxy could not reach this machine's loopback, but gRPC would ask it all the same
        own.append(("grpc.enable_http_proxy", 0))
    return own


def service_config() -> str:
    """gRPC's own repetitions: one, at once, for reads whose connection broke; none for anything else.

    More would hide from `retry` what it counts, paces and reads the text of: a certificate error is UNAVAILABLE, too.
    """
    policy = {
        "maxAttempts": 2,
        "initialBackoff": "0.02s",
        "maxBackoff": "0.1s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    names = [{"service": SERVICE, "method": rpc} for rpc in reads()]
    return json.dumps({"methodConfig": [{"name": names, "retryPolicy": policy}]})
