"""Files that usually hold secrets, whatever any ignore file says; the lists are in the syntax of ignore files.

A pattern without `/` matches a file's name in any folder, never a folder's name, so `secrets/vault.py` is code.
Patterns with `!` are files made for others to read: templates without values, and public keys.
"""

from __future__ import annotations

import functools
from pathlib import PurePosixPath

from infill.ignore.gitignore import Pattern, deciding, parse_ignore_file

_FOLDERS = """
    **/.ssh/ **/.gnupg/ **/.password-store/ **/.aws/sso/ **/.aws/cli/ **/.config/gcloud/ **/.config/gh/ *.agilekeychain/
"""
_FILES = """
    .env* *.env !.env.schema !example.env !sample.env !template.env
    *.pem *.key *.p8 *.p12 *.pfx *.pkcs12 *.ppk *.jks *.keystore *.kdb *.kdbx *.gpg *.age *.keychain *.ovpn
    *.tfstate *.tfstate.* *.tfvars *.tfvars.json .terraformrc terraform.rc
    .netrc _netrc .npmrc .pypirc .pgpass pgpass.conf .my.cnf .mylogin.cnf .s3cfg .boto .htpasswd .git-credentials
    .dockercfg .vault-token .vault_pass* kubeconfig *.kubeconfig local.settings.json
    client_secret*.json service[-_]account*.json serviceaccount*.json *firebase-adminsdk*.json
    **/.aws/credentials **/.aws/config **/.azure/*.json **/.kube/config* **/.docker/config.json **/.git/config
    **/.cargo/credentials* **/.gem/credentials **/.m2/settings*.xml **/.gradle/gradle.properties
    !*.example !*.sample !*.template !*.tmpl !*.dist
"""
# Names that data and source share: `credentials.json` is refused, `credentials.py` is code.
_DATA_FILES = """
    credentials* *.credentials *[-_.]credentials.* secret secrets secret.* secrets.* *[-_.]secret.* *[-_.]secrets.*
    *.secret *.secrets passwords passwords.* *.token vault.yml vault.yaml id_rsa* id_dsa* id_ecdsa* id_ed25519*
    !*.pub !*[-_.]example.* !*[-_.]sample.* !*[-_.]template.* !*.example !*.sample !*.template !*.tmpl !*.dist
"""
# Without shell and SQL, in which people write the values themselves.
_SOURCE_SUFFIXES = """
    .py .pyi .pyw .pyx .ipynb .js .mjs .cjs .jsx .ts .mts .cts .tsx .vue .svelte .html .htm .css .scss .sass .less
    .go .rs .java .kt .kts .scala .groovy .c .h .cc .cpp .cxx .hpp .hh .hxx .m .mm .swift .cs .fs .vb .rb .php .lua
    .pl .pm .r .jl .dart .zig .nim .ex .exs .erl .hrl .hs .ml .mli .elm .clj .cljs .el .lisp .tf .proto .graphql
    .md .rst
"""


def secret_rule(path: PurePosixPath) -> str | None:
    """Return the pattern by which this absolute path is a secret file; None when there is none."""
    parts = path.parts[1:]
    for end in range(1, len(parts)):
        found = deciding(_parsed(_FOLDERS), "/".join(parts[:end]), True)
        if found is not None:
            return found.text
    is_source = path.suffix.lower() in _SOURCE_SUFFIXES.split()
    for patterns in (_FILES,) if is_source else (_FILES, _DATA_FILES):
        found = deciding(_parsed(patterns), "/".join(parts), False)
        if found is not None:
            return None if found.negated else found.text
    return None


@functools.cache
def _parsed(patterns: str) -> tuple[Pattern, ...]:
    """Return the compiled patterns; compiled when the first file is judged, not when the server starts."""
    return parse_ignore_file("\n".join(patterns.split()), ignore_case=True)
