"""The test suite. ``python3 build.py test`` sets up what it needs and runs it."""
