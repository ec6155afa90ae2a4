"""The server with a script as if its model read instructions, so that the editor asks for one."""

from dg_lsp.app.cli import main
from dg_lsp.backend.scripted import ScriptedFiller

ScriptedFiller.takes_instructions = property(lambda _: True)  # type: ignore[assignment]
main()
