"""The command line: ``python -m spiraltorch_web``."""
