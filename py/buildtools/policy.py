"""The security headers of the site, in one place for our server, other hosts and the page's own markup.

A worker takes its policy from its own response, so a host that cannot set headers leaves the worker without one;
the markup's copy then still covers the document.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .project import BuildError

ORIGIN = re.compile(r"^(https?|wss?)://[A-Za-z0-9.-]+(:\d{1,5})?$")


def check_origins(origins: Sequence[str]) -> tuple[str, ...]:
    """The origins if each is scheme://host[:port]; BuildError otherwise."""
    for origin in origins:
        if not ORIGIN.match(origin):
            raise BuildError(f"--connect-src takes origins such as https://data.example.org; got {origin!r}")
    return tuple(origins)


def content_security_policy(connect_src: Sequence[str] = ()) -> str:
    """Everything from the site itself; ``connect_src`` adds origins that scripts may fetch from.

    Pyodide compiles WebAssembly ('wasm-unsafe-eval'); the editor writes style elements ('unsafe-inline' for styles
    alone); pictures are made in the page (blob:, data:).
    """
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "worker-src 'self'",
            " ".join(("connect-src 'self'", *connect_src)),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' blob: data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def security_headers(connect_src: Sequence[str] = ()) -> dict[str, str]:
    """Headers of every response; opener and embedder policy give the page SharedArrayBuffer."""
    return {
        "Content-Security-Policy": content_security_policy(connect_src),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }


def shared_headers() -> dict[str, str]:
    """What replaces them for wheels: pages of other origins may install these with micropip."""
    return {"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"}


def headers_file(connect_src: Sequence[str] = ()) -> str:
    """The same as a ``_headers`` file, which several static hosts read."""
    rules = {"/*": security_headers(connect_src), "/pyodide/wheels/*": shared_headers()}
    lines = []
    for path, headers in rules.items():
        lines.append(path)
        if path != "/*":
            lines += [f"  ! {name}" for name in headers]
        lines += [f"  {name}: {value}" for name, value in headers.items()]
    return "\n".join(lines) + "\n"


def with_meta_policy(markup: str, connect_src: Sequence[str] = ()) -> str:
    """The page's HTML with the policy as its head's first element, for hosts that set no headers."""
    head = re.search(r"<head[^>]*>", markup)
    if head is None:
        raise BuildError("a page of web/ has no <head> to hold the content security policy")
    meta = f'\n<meta http-equiv="Content-Security-Policy" content="{content_security_policy(connect_src)}">'
    return markup[: head.end()] + meta + markup[head.end() :]
