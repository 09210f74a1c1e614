"""A package, so that pytest closes the app and Chromium after the last of its tests: Playwright's loop runs until then."""
