"""Settings that the client keeps: asked for once `initialized`, and again whenever they change.

What the configuration says wins over `initializationOptions`, which a plugin fixes when it starts the server. A
setting takes effect with the next request; one that needs another engine has the model opened anew. The
configuration is the workspace's, not a folder's: there is one model for all of them.
"""

from __future__ import annotations

import asyncio
from typing import cast

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dg_lsp.features.loading import load_model, reopen_model
from dg_lsp.session.session import Session
from dg_lsp.settings import read_settings

SECTION = "dgLsp"
PATIENCE_S = 2.0  # with a client that does not answer; then the model opens without its configuration


async def begin(session: Session) -> None:
    """Ask for the configuration and to be told of changes, then open the model."""
    loop = asyncio.get_running_loop()
    if session.client.registers_configuration:
        watch = session.register(types.WORKSPACE_DID_CHANGE_CONFIGURATION, {"section": SECTION})
        session.hold(loop.create_task(watch))
    if session.client.has_configuration:
        await asyncio.wait({_pull(session)}, timeout=PATIENCE_S)
    session.name_problems()
    await load_model(session)


def did_change_configuration(session: Session, params: types.DidChangeConfigurationParams) -> None:
    """Ask anew where the client can be asked; else what it sent is the configuration."""
    if session.client.has_configuration:
        _pull(session)
    else:
        _take(session, _our_part(params.settings))


def _pull(session: Session) -> asyncio.Task[None]:
    """Ask for the configuration; an answer that comes behind that to a later question does not count."""
    session.n_pulls += 1
    pulling = asyncio.get_running_loop().create_task(_pulled(session, session.n_pulls))
    session.hold(pulling)
    return pulling


async def _pulled(session: Session, number: int) -> None:
    params = types.ConfigurationParams(items=[types.ConfigurationItem(section=SECTION)])
    try:
        answer: object = await session.server.rpc.send_request_async(types.WORKSPACE_CONFIGURATION, params)
    except JsonRpcException:
        return
    if number < session.newest_pull:
        return
    session.newest_pull = number
    sections = cast("list[object]", answer) if isinstance(answer, list) else []
    _take(session, sections[0] if sections else None)


def _our_part(pushed: object) -> object:
    """Return our settings from what a client pushed, which may be those of all its servers.

    None of ours is an object, so in a push without our section objects are others' sections.
    """
    if not isinstance(pushed, dict):
        return pushed
    told = cast("dict[str, object]", pushed)
    return told[SECTION] if SECTION in told else {k: v for k, v in told.items() if not isinstance(v, dict)}


def _take(session: Session, configured: object) -> None:
    """Go by these settings from now on; what is wrong with them is named once there is somebody to tell."""
    before = session.settings
    session.settings, session.setting_problems = read_settings(session.options, configured)
    session.usage.on = session.settings.stats
    if session.settings.context != before.context:
        session.set_folders(session.folders)
    session.changed()
    if session.opened_for is not None:
        session.name_problems()
        if session.opened_for != session.engine:
            reopen_model(session)
