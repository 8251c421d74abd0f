"""One module a command. Nothing here imports torch or Playwright before it is needed."""
