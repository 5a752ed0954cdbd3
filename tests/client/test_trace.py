import pytest

from reconciler.client.trace import silence_grpc


def test_grpc_tracing_is_switched_off_and_told():
    environ = {"GRPC_TRACE": "all", "GRPC_VERBOSITY": "DEBUG"}
    assert "access token" in silence_grpc(environ)
    assert environ == {"GRPC_VERBOSITY": "DEBUG"}


@pytest.mark.parametrize("environ", [{}, {"GRPC_TRACE": ""}])
def test_nothing_to_tell_but_grpc_is_quiet(environ):
    assert silence_grpc(environ) is None
    assert environ == {"GRPC_VERBOSITY": "NONE"}
