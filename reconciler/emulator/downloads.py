"""Fetch the bytes behind a URL, as the service does for an input that was posted by address.

Belongs here: HTTP, its limits and how each failure is told. Not here: what is done with the bytes (`processing.py`).
Proxies and certificates come from the environment, as with any other program.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from typing import Final
from urllib.parse import quote, urlsplit

from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

TIMEOUT: Final = 10.0
LARGEST: Final = 80 << 20
"""Bytes; the largest thing the service fetches is a video (facts 9)."""

_AGENT: Final = "clarifai-emulator"


class DownloadFailed(Exception):
    """The bytes could not be had: an input status code and a sentence."""

    def __init__(self, code: int, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


def check(url: str) -> None:
    """Refuse what is no address of a web server: 30106."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise DownloadFailed(codes.INPUT_INVALID_URL, f"{url!r} is no http or https address")


def fetch(url: str, *, timeout: float = TIMEOUT, largest: int = LARGEST) -> bytes:
    """The bytes behind a URL; whatever goes wrong on the way is 30002 (facts 2.3)."""
    check(url)
    escaped = quote(url, safe="%/:=&?~#+!$,;'@()*[]")
    request = urllib.request.Request(escaped, headers={"User-Agent": _AGENT})  # noqa: S310  # http(s), checked above
    try:
        with urllib.request.urlopen(request, timeout=timeout) as reply:  # noqa: S310
            data: bytes = reply.read(largest + 1)
    except urllib.error.HTTPError as error:
        error.close()
        whose = "Client" if error.code < 500 else "Server"
        # Word for word what the service says (facts 2.3), and a test of Clarifai's compares.
        details = f"{error.code} {whose} Error: {error.reason} for url: {url}"
        raise DownloadFailed(codes.INPUT_DOWNLOAD_FAILED, details) from error
    except urllib.error.URLError as error:
        raise _failed(url, str(error.reason)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _failed(url, str(error) or type(error).__name__) from error
    if len(data) > largest:
        raise _failed(url, f"more than {largest} bytes")
    return data


def _failed(url: str, reason: str) -> DownloadFailed:
    return DownloadFailed(codes.INPUT_DOWNLOAD_FAILED, f"cannot download {url}: {reason}")
