"""The web as an Environment: a page becomes an Observation, an Action becomes a change of the page.

The only package that knows Playwright, and only in the modules that drive a real browser: types and actions
are plain data that every other package imports.
"""
