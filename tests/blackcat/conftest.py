from tests.support.sessions import cpu_unless_asked, device  # noqa: F401  fixtures of this folder
