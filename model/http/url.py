"""Addresses of servers: which are allowed, and which keep to themselves what is sent there."""

from __future__ import annotations

import httpx2

from model.types import CheckpointError

KEY_VARIABLE = "DG_LSP_API_KEY"
OWN_HOSTS = ("localhost", "127.0.0.1", "::1")


def is_private(url: str) -> bool:
    """Whether what is sent there is encrypted, or stays on this machine."""
    parsed = httpx2.URL(url)
    return parsed.scheme == "https" or parsed.host in OWN_HOSTS


def checked_url(url: str) -> str:
    """The URL without a slash at its end; raises `CheckpointError` for one that cannot be."""
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, TypeError):
        parsed = httpx2.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise CheckpointError("--url must be the API's address, such as http://127.0.0.1:8000/v1")
    if parsed.userinfo or parsed.query or parsed.fragment:
        raise CheckpointError(f"--url must be an address only; put the key into {KEY_VARIABLE}")
    return str(parsed).rstrip("/")


def root_of(url: str) -> str:
    """The server's address without the `/v1` of its API: there are its own endpoints."""
    return url.removesuffix("/v1")
