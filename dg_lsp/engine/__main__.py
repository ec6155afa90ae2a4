"""`python -m dg_lsp.engine` is the engine process; servers start it, people need not."""

from dg_lsp.engine.process import main

if __name__ == "__main__":
    main()
