"""Words for a call that failed: what the error says, and what the user can do about it.

Belongs here: messages and hints. Does not belong here: the decision that it failed (`retry`).
"""

from __future__ import annotations

from reconciler.client.endings import End, Ending, ending
from reconciler.client.retry import Outcome, RpcClass
from reconciler.core.remote import ApiError, OutcomeUnknown


def failure(rpc: str, rpc_class: RpcClass, outcome: Outcome, target: str) -> ApiError:
    """The error to raise for an outcome that is not a success."""
    end, error = outcome.end, outcome.verdict.error
    unknown = issubclass(error, OutcomeUnknown)
    return error(
        rpc,
        _unknown(end, target) if unknown else _message(rpc_class, outcome, target),
        code=end.code if end.grpc == "OK" else None,
        details=end.details,
        request_id=end.request_id,
        hint="read the object again before anything else" if unknown else _hint(end, target),
        reply=end.reply,
    )


def _unknown(end: End, target: str) -> str:
    if ending(end) is Ending.MIXED:
        return "was done for some of the objects only"
    why = f"{target} said {_own_words(end)}" if end.grpc == "OK" else f"the reply was lost ({end.grpc})"
    return f"may have happened: {why}"


def _own_words(end: End) -> str:
    return repr(end.description) if end.description else "nothing"


def _message(rpc_class: RpcClass, outcome: Outcome, target: str) -> str:
    times = "after 1 attempt" if outcome.attempts == 1 else f"after {outcome.attempts} attempts"
    match ending(outcome.end):
        case Ending.THROTTLED:
            return f"is still refused as too much {times}"
        case Ending.QUOTA_SPENT:
            return "the hourly limit (or the monthly one) of the account is used up"
        case Ending.MAYBE:
            return f"got no useful answer {times}: {_own_words(outcome.end)}"
        case Ending.MIXED if rpc_class is RpcClass.READ:
            return "got an incomplete reply, which is not used"
        case Ending.CERTIFICATE:
            return f"got no trusted TLS connection to {target}: its certificate was not accepted, or it is no TLS port"
        case Ending.NOT_SENT:
            return f"reached nobody at {target} {times}"
        case Ending.UNAVAILABLE | Ending.LOST:
            return f"got no reply from {target} {times} ({outcome.end.grpc})"
    return outcome.end.description or f"refused by {target} ({outcome.end.grpc})"


def _hint(end: End, target: str) -> str | None:
    if end.grpc == "UNIMPLEMENTED":
        return f"{target} does not know this RPC; is --base the address of a Clarifai API?"
    match ending(end):
        case Ending.THROTTLED:
            return "lower --rps or --parallelism; other programs may use the same account"
        case Ending.UNAUTHORISED:
            return "is CLARIFAI_PAT a personal access token of this user, with the scopes that this needs?"
        case Ending.CERTIFICATE:
            return (
                "set CLARIFAI_ROOT_CERTIFICATES_PATH to the file of your certificate authority; "
                "for a service without TLS write http:// in --base"
            )
        case Ending.NOT_SENT:
            return _reach(target)
        case Ending.LOST:
            return "a longer --timeout may help"
    return None


def _reach(target: str) -> str:
    """What to look at when a connection never came about."""
    if target.startswith(("127.", "localhost", "[::1]")):
        return "is --base (CLARIFAI_API_BASE) right? Is `reconciler emulator` running, if it should be one?"
    return "is this machine online, and --base (CLARIFAI_API_BASE) right? A proxy is taken from https_proxy"
