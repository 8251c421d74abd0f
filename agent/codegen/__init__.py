"""Programs that `playwright codegen` wrote, read as demonstrations. They are parsed and never run."""
