"""Dreams of a recorded site: Environments that are built from recordings and never ask the site."""
