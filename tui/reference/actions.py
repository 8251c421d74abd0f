"""The page of actions: what the manual in the prompt says, and how steps files write them."""

from __future__ import annotations

from browser.actions import KEYS, manual

_PAGE = """# Actions

Everything an agent can do. A session records them; a demonstration and a file for `--steps` are made of them, one a line.
A line of a file that begins with `#` is passed over.

```text
{manual}
```

A name is the one that the page shows, as `apprentice replay SESSION --pages` prints it. The number in brackets says which of several; it
dies with the page, so lessons and files leave it out. Quotes and backslashes inside a text are written `\\"` and `\\\\`.

`press` knows {keys}.

This page is written from `browser/actions.py` (`python -m tui.reference docs`).
"""


def page() -> str:
    """Return the page."""
    return _PAGE.format(manual=manual(), keys=", ".join(f"`{key}`" for key in KEYS))
