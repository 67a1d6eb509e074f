"""The content security policy: strict by default, widened only by what a deployer names."""

from __future__ import annotations

import pytest

from buildtools.policy import check_origins, content_security_policy, headers_file, with_meta_policy
from buildtools.project import BuildError


def test_the_default_policy_lets_nothing_leave_the_origin():
    policy = content_security_policy()
    assert "http" not in policy
    assert "connect-src 'self';" in policy
    assert "'unsafe-eval'" not in policy
    assert "script-src 'self' 'wasm-unsafe-eval';" in policy


@pytest.mark.parametrize("origin", ["https://data.example.org", "http://127.0.0.1:9000", "wss://live.example.org"])
def test_named_origins_join_connect_src_alone(origin):
    policy = content_security_policy(check_origins([origin]))
    assert f"connect-src 'self' {origin};" in policy
    assert policy.count(origin) == 1


@pytest.mark.parametrize(
    "origin", ["*", "example.org", "https://a.org/path", "https://a.org; script-src *", "'unsafe-eval'", "https://*"]
)
def test_anything_but_an_origin_is_refused(origin):
    with pytest.raises(BuildError, match="--connect-src takes origins"):
        check_origins([origin])


def test_the_headers_file_frees_wheels_for_other_origins():
    text = headers_file(["https://a.org"])
    everything, wheels = text.split("/pyodide/wheels/*\n")
    assert "connect-src 'self' https://a.org;" in everything
    assert "  ! Cross-Origin-Resource-Policy\n" in wheels
    assert "  Access-Control-Allow-Origin: *\n" in wheels


def test_the_markup_gets_the_policy_before_anything_else():
    markup = with_meta_policy('<html><head lang="en"><script src="x"></script></head></html>', ["https://a.org"])
    assert markup.index("Content-Security-Policy") < markup.index("<script")
    assert "connect-src 'self' https://a.org;" in markup


def test_markup_without_a_head_is_an_error():
    with pytest.raises(BuildError, match="no <head>"):
        with_meta_policy("<p>hello</p>")
