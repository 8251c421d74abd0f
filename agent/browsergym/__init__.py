"""BrowserGym: its observations as our pages, our actions as its calls, our agent in its loop and its tasks in ours.

`browsergym-core` pins an old Playwright, so it lives in an environment of its own. This package needs neither Playwright nor torch, and
only `agent.browsergym.agent` imports BrowserGym.
"""
