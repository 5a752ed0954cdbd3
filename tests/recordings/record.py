"""Ask a service the probes and keep its answers: `make record`, or `python -m tests.recordings.record`.

Belongs here: the words to a person, the file format, where files are. Not here: what is asked (`probes.py`) and how
(`session.py`).

    CLARIFAI_PAT=… CLARIFAI_USER_ID=… make record       the service: writes service.json, with today's date
    make record ARGS=--emulator                         the emulator itself: writes emulator.json, "never"
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clarifai_grpc import __version__ as protos

from reconciler.client.channel import open_channel, parse_base
from reconciler.core.diagnostics import ReconcilerError
from reconciler.emulator.server import Emulator
from tests.recordings.probes import PROBES
from tests.recordings.session import Wire, run

FOLDER = Path(__file__).parent / "answers"
NEVER = "never"
SERVICE = "https://api.clarifai.com"


def document(validated: str, target: str, exchanges: list[dict[str, Any]], token: str, user: str) -> str:
    """The text of a recording; ValueError if it would give away the token or the account."""
    body = {
        "validated": validated,
        "target": target,
        "protos": protos,
        "known_differences": [],
        "exchanges": exchanges,
    }
    text = json.dumps(body, indent=1, ensure_ascii=False) + "\n"
    for secret in filter(None, (token, user)):
        if secret in text:
            raise ValueError("an answer holds the token or the name of the account, so nothing was written")
    return text


def write(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    print(f"{len(json.loads(text)['exchanges'])} answers in {file}")


def record_emulator(folder: Path) -> None:
    """The emulator's own answers: they validate nothing, and show that recording and replaying work."""
    with Emulator() as emulator:
        exchanges = run(Wire(open_channel(parse_base(emulator.base)), "any"), "me-local")
    write(folder / "emulator.json", document(NEVER, "the emulator itself", exchanges, "", "me-local"))


def record_service(folder: Path, base: str, *, agreed: bool) -> None:
    """The answers of a real service, after asking whoever sits there."""
    token, user = os.environ.get("CLARIFAI_PAT", ""), os.environ.get("CLARIFAI_USER_ID", "")
    if not (token and user):
        raise SystemExit("CLARIFAI_PAT and CLARIFAI_USER_ID say whose account is asked; --emulator needs neither")
    print(f"{len(PROBES)} requests to {base} as {user}, in an app that this makes and deletes again.")
    print("They train nothing, predict nothing and upload nothing, and touch no other app.")
    if not agreed and input("Only `yes` goes on: ") != "yes":
        raise SystemExit("nothing was sent")
    exchanges = run(Wire(open_channel(parse_base(base)), token), user)
    today = datetime.now(UTC).date().isoformat()
    write(folder / "service.json", document(today, parse_base(base).host, exchanges, token, user))
    print("Now run the tests: what the emulator answers otherwise is listed there, place by place.")


def main(words: list[str] | None = None) -> None:
    """The command line of `make record`."""
    parser = argparse.ArgumentParser(prog="make record", description=__doc__)
    parser.add_argument("--emulator", action="store_true", help="ask an emulator instead of the service")
    parser.add_argument("--base", default=os.environ.get("CLARIFAI_API_BASE") or SERVICE, help="where the service is")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the answers are kept")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    chosen = parser.parse_args(words)
    try:
        if chosen.emulator:
            record_emulator(chosen.folder)
        else:
            record_service(chosen.folder, chosen.base, agreed=chosen.yes)
    except (ReconcilerError, RuntimeError, ValueError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
