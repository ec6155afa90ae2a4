"""`python -m dg_lsp.shared` is the engine process; servers start it, people need not."""

from dg_lsp.shared.process import main

if __name__ == "__main__":
    main()
