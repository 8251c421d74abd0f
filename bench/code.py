"""Which code a kept result is of: one of other code says nothing of this."""

from __future__ import annotations

import hashlib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def code_sha256(*patterns: str) -> str:
    """Hash the project's files that match; `**` stands for folders within folders."""
    files = sorted({file for pattern in patterns for file in ROOT.glob(pattern)})
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
