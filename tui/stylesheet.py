"""The stylesheet of the dashboard, which is parsed once."""

from __future__ import annotations

from textual.css.stylesheet import Stylesheet


class ParsedOnce(Stylesheet):
    """Parses each source once for the colours in force. Textual's own parses all of them anew with every screen that opens."""

    def __init__(self, *, variables: dict[str, str]) -> None:
        super().__init__(variables=variables)
        self._parsed_with = dict(variables)

    def set_variables(self, variables: dict[str, str]) -> None:
        """Use other variables; the same ones change nothing, and what was parsed with them is kept."""
        if variables != self._parsed_with:
            super().set_variables(variables)
            self._parsed_with = dict(variables)

    def reparse(self) -> None:
        """Apply the variables: parse what was not parsed with them. A fault in a source leaves the rules as they were."""
        self.parse()
