"""Build wheel and sdist (PEP 517): setuptools does it, no asset may be missing, and two builds are bit-identical.

Bit-identical means: of the folder of the build, its file system, umask, locale and time nothing remains. All times
are that of SOURCE_DATE_EPOCH, or 1980 without it: https://reproducible-builds.org/docs/source-date-epoch/
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import (
    build_editable,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

VENDOR = Path("gateway/web/static/vendor")
VENDOR_FILES = (
    "altcha-pbkdf2.js",
    "altcha-solver.js",
    "site.css",
    "wordlists.json",
    "zxcvbn-core.js",
)
"""What the script `assets` of package.json makes."""
CATALOGUES = Path("gateway/translations")
EARLIEST_ZIP_TIME = int(datetime(1980, 1, 1, tzinfo=UTC).timestamp())

Options = dict[str, Any] | None


class AssetsMissing(Exception):
    """Files that `make assets` makes are not there; a package without them would serve bare pages."""


def build_wheel(wheel_directory: str, config_settings: Options = None, metadata_directory: str | None = None) -> str:
    """Build the wheel and return its name.

    Raises AssetsMissing.
    """
    require_assets(Path())
    name = str(build_meta.build_wheel(wheel_directory, config_settings, metadata_directory))
    _normalize_wheel(Path(wheel_directory, name))
    return name


def build_sdist(sdist_directory: str, config_settings: Options = None) -> str:
    """Build the sdist, with the assets inside, and return its name.

    Raises AssetsMissing.
    """
    require_assets(Path())
    name = str(build_meta.build_sdist(sdist_directory, config_settings))
    _normalize_sdist(Path(sdist_directory, name))
    return name


def require_assets(folder: Path) -> None:
    """Raise AssetsMissing, with the names, where `folder` lacks files that `make assets` makes."""
    wanted = [VENDOR / name for name in VENDOR_FILES]
    wanted += sorted(file.relative_to(folder).with_suffix(".mo") for file in (folder / CATALOGUES).rglob("*.po"))
    missing = [str(one) for one in wanted if not (folder / one).is_file() or not (folder / one).stat().st_size]
    if missing:
        raise AssetsMissing(f"missing or empty: {', '.join(missing)}. Run `make assets` first.")


def source_date() -> int:
    """Return the time that all files of a build get, as seconds since 1970."""
    return max(int(os.environ.get("SOURCE_DATE_EPOCH") or 0), EARLIEST_ZIP_TIME)


def _normalize_wheel(file: Path) -> None:
    when = datetime.fromtimestamp(source_date(), UTC).timetuple()[:6]
    with zipfile.ZipFile(file) as wheel:
        contents = [(one.filename, wheel.read(one)) for one in wheel.infolist()]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in contents:
            entry = zipfile.ZipInfo(name, when)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            wheel.writestr(entry, content)


def _normalize_sdist(file: Path) -> None:
    when = source_date()
    with tarfile.open(file) as sdist:
        contents = sorted(
            ((one, (opened := sdist.extractfile(one)) and opened.read()) for one in sdist.getmembers()),
            key=lambda pair: pair[0].name,
        )
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as sdist:
        for member, content in contents:
            entry = tarfile.TarInfo(member.name)
            entry.type, entry.linkname, entry.mtime = member.type, member.linkname, when
            entry.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            entry.size = len(content or b"")
            sdist.addfile(entry, io.BytesIO(content or b""))
    file.write_bytes(gzip.compress(tar.getvalue(), mtime=when))
