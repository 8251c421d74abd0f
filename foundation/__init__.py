"""How the embedded base was made competent: procedural apps, behaviour cloning. Nothing imports this package."""
