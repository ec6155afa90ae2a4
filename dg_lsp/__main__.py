"""`python -m dg_lsp` is the `dg-lsp` command."""

from dg_lsp.app.cli import main

if __name__ == "__main__":
    main()
