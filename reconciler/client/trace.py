"""Keep gRPC's own logging from printing what it must not; to be called before anything imports `grpc`.

Belongs here: the two environment variables that gRPC's C core reads once, when it is loaded. Imports nothing, so that
the command line can call it first thing.
"""

from __future__ import annotations

from collections.abc import MutableMapping


def silence_grpc(environ: MutableMapping[str, str]) -> str | None:
    """Switch gRPC's tracing off, which prints the token with every header; a warning if it had been on.

    Its ordinary complaints go too: each failed handshake would write to stderr beside our own error.
    """
    environ.setdefault("GRPC_VERBOSITY", "NONE")
    trace = environ.pop("GRPC_TRACE", "")
    return "GRPC_TRACE was ignored: it would print the access token" if trace.strip() else None
