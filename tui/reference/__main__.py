"""`python -m tui.reference docs` writes the generated pages into that folder."""

from __future__ import annotations

import sys
from pathlib import Path

from tui.reference import write

if __name__ == "__main__":
    (folder,) = sys.argv[1:]
    write(Path(folder))
