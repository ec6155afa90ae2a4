"""The `dg-lsp` command and its server, and the commands for people: doctor, engine, explain, stats.

Nothing else imports this folder.
"""
