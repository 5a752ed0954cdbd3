"""What runs tell Prometheus: one registry, written to a file or served over HTTP.

Belongs here: names, labels, and how they are handed over. Names are a public interface; no label holds the id of an
object. Does not belong here: when a run happens (`drift_loop`, `measured`). Needs the extra `metrics`, and is loaded
only then.
"""

from __future__ import annotations

import threading
from collections import Counter as Counts
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from reconciler.core.diagnostics import ReconcilerError
from reconciler.core.drift import DriftReport, DriftStatus

try:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_wsgi_app, write_to_textfile
    from prometheus_client.parser import text_string_to_metric_families
except ModuleNotFoundError:
    raise ReconcilerError(
        "metrics need the package prometheus-client", hint="pip install 'reconciler[metrics]'"
    ) from None

if TYPE_CHECKING:
    from reconciler.client.api import Traffic

PREFIX = "clarifai_reconciler"
OUTCOMES = {0: "in_sync", 2: "drifted"}
MOVED = (DriftStatus.DRIFTED, DriftStatus.MISSING, DriftStatus.UNKNOWN, DriftStatus.IGNORED)
SECONDS = (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)
RPC_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
SUCCESS = f"{PREFIX}_last_success_timestamp_seconds"


class Runs:
    """What every command tells that is measured. All of it says which command: node_exporter wants no series twice."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._registry = CollectorRegistry()
        self._success = self._gauge(
            "last_success_timestamp_seconds",
            "When a run came to a good end for the last time: everything was read, or applied.",
            "app",
            "command",
        )
        self._run = self._gauge("last_run_timestamp_seconds", "When the last run began.", "app", "command")
        self._waited = self._gauge("lock_wait_seconds", "How long the last run waited for its lock.", "command")
        self._duration = Histogram(
            f"{PREFIX}_run_duration_seconds",
            "How long runs took.",
            ["command"],
            registry=self._registry,
            buckets=SECONDS,
        )

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", what, labels, registry=self._registry)

    # ---- what is told

    def took(self, seconds: float) -> None:
        """A run ended, in whatever way."""
        self._duration.labels(self._command).observe(seconds)

    def ran(self, app: str, now: float, *, succeeded: bool) -> None:
        """It began then, and it was about that app."""
        self._run.labels(app, self._command).set(now)
        if succeeded:
            self._success.labels(app, self._command).set(now)

    def waited(self, seconds: float) -> None:
        """It had a lock to take."""
        self._waited.labels(self._command).set(seconds)

    # ---- how

    def remember(self, file: Path | None) -> None:
        """Take the last success from the file that is about to be replaced: a failed run must not wipe it out."""
        try:
            text = file.read_text(encoding="utf-8") if file else ""
            families = list(text_string_to_metric_families(text))
        except (OSError, ValueError):
            return
        for sample in (s for family in families for s in family.samples if s.name == SUCCESS):
            self._success.labels(sample.labels.get("app", ""), sample.labels.get("command", "")).set(sample.value)

    def write(self, file: Path) -> None:
        """Replace a file that node_exporter reads; it never sees a part of it."""
        write_to_textfile(str(file), self._registry)


class Metrics(Runs):
    """The metrics of one process that looks for drift."""

    def __init__(self, command: str, version: str) -> None:
        super().__init__(command)
        registry, gauge = self._registry, self._gauge
        self._drift = gauge("drift_objects", "Objects that are not as they were applied.", "app", "kind", "change")
        self._managed = gauge("managed_objects", "Objects that the manifest set owns.", "app", "kind")
        self._apps = gauge("apps", "Apps by the outcome of the last run.", "outcome")
        gauge("build_info", "The version that runs.", "version").labels(version).set(1)
        self._rpcs = Counter(
            f"{PREFIX}_rpc", "Requests that were sent, by how they ended.", ["method", "code"], registry=registry
        )
        self._rpc_duration = Histogram(
            f"{PREFIX}_rpc_duration_seconds",
            "How long requests took.",
            ["method"],
            registry=registry,
            buckets=RPC_SECONDS,
        )
        self._retries = Counter(
            f"{PREFIX}_retries", "Requests that were sent again, by why.", ["method", "reason"], registry=registry
        )
        self._throttled = Counter(
            f"{PREFIX}_throttled_seconds", "Time spent waiting because the service said so.", registry=registry
        )

    # ---- what is told

    def traffic(self, traffic: Traffic) -> None:
        """What a connection has cost."""
        for (method, code), count in traffic.ends.items():
            self._rpcs.labels(method, code).inc(count)
        for (method, reason), count in traffic.repeats.items():
            self._retries.labels(method, reason).inc(count)
        for method, seconds in traffic.seconds.items():
            for each in seconds:
                self._rpc_duration.labels(method).observe(each)
        self._throttled.inc(traffic.throttled_seconds)

    def looked(self, report: DriftReport | None, code: int, now: float, seconds: float) -> None:
        """A run ended; without a report it failed, and what was known of objects is known no more."""
        self.took(seconds)
        outcome = "failed" if report is None else OUTCOMES.get(code, "unknown")
        for name in ("in_sync", "drifted", "failed", "unknown"):
            self._apps.labels(name).set(name == outcome)
        self._drift.clear()
        if report is None:
            return
        app = str(report.scope)
        self.ran(app, now, succeeded=code in OUTCOMES)
        self._objects(app, report)

    def _objects(self, app: str, report: DriftReport) -> None:
        """Zeros as well, so that an alert ends."""
        count = Counts((entry.kind, entry.status) for entry in report.entries)
        self._managed.clear()
        for kind in sorted({entry.kind for entry in report.entries}):
            gone = count[kind, DriftStatus.MISSING]
            self._managed.labels(app, kind).set(sum(n for (k, _), n in count.items() if k == kind) - gone)
            for status in MOVED:
                self._drift.labels(app, kind, str(status)).set(count[kind, status])

    # ---- how

    @contextmanager
    def served(self, listen: str, alive: Callable[[], bool]) -> Iterator[str]:
        """Answer over HTTP for as long as the block lasts; the address."""
        host, port = _place(listen)
        try:
            server = make_server(host, port, self._answering(alive), _Server, _Handler)
        except OSError as problem:
            raise ReconcilerError(f"--listen {listen}: {problem.strerror or problem}") from None
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://{host}:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()

    def _answering(self, alive: Callable[[], bool]) -> Any:
        metrics = make_wsgi_app(self._registry)

        def answer(environ: Any, start: Any) -> Iterable[bytes]:
            path = environ.get("PATH_INFO", "")
            if path == "/metrics":
                found: Iterable[bytes] = metrics(environ, start)
                return found
            plain = [("Content-Type", "text/plain; charset=utf-8")]
            if path == "/healthz":
                well = alive()
                start("200 OK" if well else "503 Service Unavailable", plain)
                return [b"ok\n" if well else b"no look came to an end for too long\n"]
            start("404 Not Found", plain)
            return [b"/metrics or /healthz\n"]

        return answer


def _place(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ReconcilerError(f"--listen {listen}: not of the form HOST:PORT", hint="write 127.0.0.1:9464")
    return host, int(port)


class _Server(ThreadingMixIn, WSGIServer):
    """A slow reader keeps nobody waiting."""

    daemon_threads = True


class _Handler(WSGIRequestHandler):
    """Says nothing about requests, and waits for no client for ever."""

    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""
