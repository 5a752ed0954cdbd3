"""Addresses, options, and TLS on real sockets."""

import json
from datetime import UTC, datetime

import grpc
import pytest
import trustme

from reconciler.client.api import GrpcApi
from reconciler.client.channel import Target, open_channel, options, parse_base, service_config
from reconciler.client.endings import End
from reconciler.client.failures import failure
from reconciler.client.limiter import Limiter
from reconciler.client.retry import Outcome, RpcClass, Step, Verdict
from reconciler.client.rpcs import reads
from reconciler.core.diagnostics import ReconcilerError
from reconciler.core.remote import Unreachable
from reconciler.core.secret import Secret

LOCAL = Target("127.0.0.1", 18080, tls=False)


@pytest.mark.parametrize(
    ("base", "target"),
    [
        ("https://api.clarifai.com", Target("api.clarifai.com", 443, tls=True)),
        ("https://api.clarifai.com/", Target("api.clarifai.com", 443, tls=True)),
        ("https://inside.example:8443", Target("inside.example", 8443, tls=True)),
        ("http://127.0.0.1:18080", LOCAL),
        ("HTTP://127.0.0.1:18080", LOCAL),
        (" http://localhost\n", Target("localhost", 80, tls=False)),
        ("http://[::1]:18080", Target("::1", 18080, tls=False)),
        ("api.clarifai.com:443", Target("api.clarifai.com", 443, tls=True)),
        ("api.clarifai.com", Target("api.clarifai.com", 443, tls=True)),
        ("api-dev.clarifai.com:8080", Target("api-dev.clarifai.com", 8080, tls=True)),
        ("inside.example:18080", Target("inside.example", 18080, tls=True)),
        ("inside.example", Target("inside.example", 443, tls=True)),
        ("127.0.0.1:18080", Target("127.0.0.1", 18080, tls=True)),
    ],
)
def test_reading_an_address(base, target):
    assert parse_base(base) == target


@pytest.mark.parametrize(
    "base",
    ["", "http://", "grpc://a:1", "http://a:x", "http://a:99999", "http://a/v2", "https://a?b=c", "http://[::1"],
)
def test_an_address_that_cannot_be_used_is_refused(base):
    with pytest.raises(ReconcilerError, match=r"address .* cannot be used"):
        parse_base(base)


def test_a_password_in_an_address_is_refused_and_not_repeated():
    with pytest.raises(ReconcilerError) as refused:
        parse_base("https://user:hunter2@host")
    assert "hunter2" not in str(refused.value)


def test_how_a_target_is_written():
    assert [str(LOCAL), str(Target("::1", 1, tls=True))] == ["127.0.0.1:18080", "[::1]:1"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_plain_text_stays_on_this_machine(host):
    open_channel(Target(host, 1, tls=False)).close()


@pytest.mark.parametrize("host", ["inside.example", "10.0.0.1", "localhost.evil.example", "0.0.0.0"])
def test_plain_text_over_the_network_needs_a_flag(host):
    target = Target(host, 1, tls=False)
    with pytest.raises(ReconcilerError, match="plain text") as refused:
        open_channel(target)
    assert refused.value.hint
    assert "--insecure" in refused.value.hint
    open_channel(target, insecure=True).close()


def test_grpc_itself_repeats_reads_only():
    (config,) = json.loads(service_config())["methodConfig"]
    assert [name["method"] for name in config["name"]] == reads()
    assert {name["service"] for name in config["name"]} == {"clarifai.api.V2"}
    assert config["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE"]


def test_no_policy_comes_from_elsewhere_and_no_proxy_between_here_and_here():
    assert ("grpc.service_config_disable_resolution", 1) in options(LOCAL)
    assert ("grpc.enable_http_proxy", 0) in options(LOCAL)
    assert ("grpc.enable_http_proxy", 0) not in options(Target("api.clarifai.com", 443, tls=True))


# ---- TLS


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def secure(authority, serve, service):
    """Start the service with a certificate; its port."""

    def start(*names, **options):
        leaf = authority.issue_cert(*names, **options)
        chain = b"".join(pem.bytes() for pem in leaf.cert_chain_pems)
        return serve(service, grpc.ssl_server_credentials([(leaf.private_key_pem.bytes(), chain)]))

    return start


@pytest.fixture
def connect(tmp_path, time, authority):
    """An Api over TLS to a port of this machine, trusting the given authority, None for the public ones."""
    channels = []

    def connected(port, trusted=authority):
        file = tmp_path / "ca.pem"
        if trusted:
            trusted.cert_pem.write_to_path(file)
        target = Target("localhost", port, tls=True)
        channels.append(open_channel(target, root_certificates=file if trusted else None))
        credential = ("authorization", Secret("Key x"))
        free = Limiter(0)
        return GrpcApi(channels[-1], credential, target=str(target), limiter=free, clock=time.clock, sleep=time.sleep)

    yield connected
    for channel in channels:
        channel.close()


def test_a_private_authority_is_accepted(secure, connect, service):
    service.answers("GetApp", service.replies("GetApp", app={"id": "a"}))
    assert connect(secure("localhost")).call("GetApp").app.id == "a"


@pytest.fixture(params=["wrong authority", "public authorities", "wrong host", "expired", "no TLS"])
def untrusted(request, secure, connect, serve, service):
    """An Api whose other side must not be trusted, for one reason each."""
    service.answers("GetApp", service.replies("GetApp"))
    service.answers("PostModels", service.replies("PostModels"))
    match request.param:
        case "wrong authority":
            return connect(secure("localhost"), trustme.CA())
        case "public authorities":
            return connect(secure("localhost"), None)
        case "wrong host":
            return connect(secure("other.example"))
        case "expired":
            return connect(secure("localhost", not_after=datetime(2020, 1, 1, tzinfo=UTC)))
    return connect(serve(service))


@pytest.mark.parametrize("rpc", ["GetApp", "PostModels"])
def test_what_is_not_trusted_is_fatal_at_once_and_says_why(untrusted, rpc, service, time, figures):
    with pytest.raises(Unreachable, match="certificate") as refused:
        untrusted.call(rpc)
    assert untrusted.traffic.calls == {rpc: 1}
    assert not time.slept
    assert not service.metadata
    assert "CLARIFAI_ROOT_CERTIFICATES_PATH" in refused.value.hint
    figures("calls over a connection that must not be trusted", 1)


@pytest.mark.parametrize(("content", "complaint"), [(None, "No such file"), (b"", "no PEM"), (b"garbage", "no PEM")])
def test_a_certificate_file_that_is_none_is_refused(tmp_path, content, complaint):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ReconcilerError, match=complaint):
        open_channel(Target("localhost", 1, tls=True), root_certificates=file)


# ---- nobody there


@pytest.mark.parametrize(
    ("target", "advice"), [("127.0.0.1:1", "reconciler emulator"), ("api.clarifai.com", "is this machine online")]
)
def test_what_to_look_at_depends_on_who_does_not_answer(target, advice):
    end = End("UNAVAILABLE", description="failed to connect to all addresses")
    outcome = Outcome(end, Verdict(Step.RAISE, Unreachable), attempts=4)
    assert advice in failure("GetApp", RpcClass.READ, outcome, target).hint


@pytest.mark.parametrize("rpc", ["GetApp", "PostModels"])
def test_nobody_there_is_tried_again_even_for_a_write_since_nothing_was_sent(connect, rpc, time):
    api = connect(1)
    with pytest.raises(Unreachable, match=r"reached nobody at localhost:1 after 4 attempts") as failed:
        api.call(rpc)
    assert "reconciler emulator" in failed.value.hint
    assert failed.value.happened is False
    assert api.traffic.calls == {rpc: 4}
