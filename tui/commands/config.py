"""`apprentice config`: where the configuration is, what it says, whether it is sound."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.paths import config_path, data_dir, profile_name
from tui.config import check_everything, load_configuration
from tui.output import print_json, print_table, say

config = typer.Typer(help="Show or check the configuration.", no_args_is_help=True, rich_markup_mode=None)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@config.command()
def path(as_json: AsJson = False) -> None:
    """Say where the configuration file is, whether it exists or not."""
    where = config_path()
    if as_json:
        print_json({"path": str(where), "exists": where.exists()})
    else:
        say(str(where))


@config.command()
def show(as_json: AsJson = False) -> None:
    """Show every setting in force, and where it comes from."""
    found = load_configuration()
    values = found.settings.model_dump()
    if as_json:
        settings = {key: {"value": value, "from": found.origin[key]} for key, value in values.items()}
        print_json({"profile": profile_name() or None, "data": str(data_dir()), "settings": settings})
        return
    say(f"profile  {profile_name() or 'none'}   data {data_dir()}")
    print_table(
        ("setting", "value", "from"), [(key, _shown(value), found.origin[key]) for key, value in values.items()]
    )


@config.command()
def check(as_json: AsJson = False) -> None:
    """Check the file with all its profiles, and the environment. Exit code 2 and one line at the first fault."""
    profiles = check_everything()
    if as_json:
        print_json({"path": str(config_path()), "exists": config_path().exists(), "ok": True, "profiles": profiles})
    else:
        state = "is in order" if config_path().exists() else "does not exist; the defaults hold"
        say(f"{config_path()} {state}")


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return (
        {None: "no limit", True: "true", False: "false"}.get(value, str(value))
        if isinstance(value, bool | None)
        else str(value)
    )
