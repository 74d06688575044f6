"""Write the SBOM of a release (CycloneDX): `python deploy/release/sbom.py FILE` in the clone.

It has the libraries of locks/runtime.txt, as cyclonedx-py describes them, and the packages of npm whose scripts and
styles the pages serve. Two runs on one commit write the same bytes.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

TOOLS_OF_THE_BUILD = ("sass", "terser")
"""Packages of package.json that make what pages serve, and are not served."""


def sbom(version: str) -> dict[str, Any]:
    """Return the whole document."""
    command = [
        str(Path(sys.executable).with_name("cyclonedx-py")),
        "requirements",
        "--output-reproducible",
        "-o",
        "-",
    ]
    done = subprocess.run([*command, "locks/runtime.txt"], check=True, stdout=subprocess.PIPE)
    document: dict[str, Any] = json.loads(done.stdout)
    served = list(_served_packages())
    reference = f"pkg:pypi/mamia@{version}"
    document["metadata"]["component"] = {
        "type": "application",
        "bom-ref": reference,
        "name": "mamia",
        "version": version,
        "purl": reference,
        "licenses": [{"license": {"id": "MIT"}}],
    }
    document["metadata"]["timestamp"] = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC).isoformat()
    document["components"] += served
    document.setdefault("dependencies", [])
    known = {one["ref"] for one in document["dependencies"]}
    document["dependencies"] += [{"ref": one["bom-ref"]} for one in served if one["bom-ref"] not in known]
    references = [one["bom-ref"] for one in document["components"]]
    document["dependencies"].append({"ref": reference, "dependsOn": sorted(references)})
    return document


def _served_packages() -> Iterator[dict[str, Any]]:
    """Yield the packages of npm, from the lock: version, licence and the hash of the file."""
    lock = json.loads(Path("package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name in sorted(lock[""]["dependencies"]):
        if name in TOOLS_OF_THE_BUILD:
            continue
        held = lock[f"node_modules/{name}"]
        algorithm, _, digest = held["integrity"].partition("-")
        reference = f"pkg:npm/{quote(name, safe='/')}@{held['version']}"
        yield {
            "type": "library",
            "bom-ref": reference,
            "name": name,
            "version": held["version"],
            "purl": reference,
            "licenses": [{"license": {"id": held["license"]}}],
            "hashes": [{"alg": f"SHA-{algorithm.removeprefix('sha')}", "content": base64.b64decode(digest).hex()}],
        }


if __name__ == "__main__":
    name = Path(sys.argv[1])
    text = json.dumps(sbom(name.name.split("-")[1].removesuffix(".cdx.json")), indent=2, ensure_ascii=False)
    name.write_text(text + "\n", encoding="utf-8")
