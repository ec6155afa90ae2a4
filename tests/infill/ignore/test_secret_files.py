"""Names of files that hold secrets are refused, and no ignore file takes them back."""

from __future__ import annotations

from pathlib import Path

import pytest

from infill.ignore.rules import SECRET_FILES, IgnoreRules, Verdict
from tests.infill.ignore.trees import rule, write

SECRETS = """
    .env .env.local .env.production .ENV .envrc prod.env deploy/.env server.pem tls.key id_rsa id_rsa.bak
    id_ed25519 cert.p12 cert.pfx release.keystore debug.jks passwords.kdbx .netrc .npmrc .pypirc
    .git-credentials .htpasswd credentials credentials.json credentials.yml.enc aws_credentials.json
    secrets.yaml secrets.json Secrets.toml secrets prod-secrets.yml db-secret.yaml secrets.sh kubeconfig
    dev.kubeconfig terraform.tfstate terraform.tfstate.backup .aws/credentials .aws/config .ssh/config
    .ssh/id_rsa.pub .ssh/keys/deploy.py .gnupg/a .docker/config.json service-account-prod.json
    client_secret_1.json vault.yml .git/config prod.tfvars key.ppk
"""

NO_SECRETS = """
    .env.example .env.sample .env.template example.env .env.schema credentials.py credentials_test.go secrets.py
    secrets.ts secret.rs my_secrets.rb secrets/vault.py .env/lib/site.py token.py keys.py environment.py
    id_rsa.pub id_rsa_parser.py secrets.example.yaml config.json settings.py tokens.json secrets.md
    .aws/task.json .github/workflows/a.yml pem.py keystore.java kubeconfig.go secretary.yaml
"""


@pytest.mark.parametrize("name", SECRETS.split())
def test_secret_files_are_refused(tmp_path: Path, name: str) -> None:
    verdict = IgnoreRules().judge(tmp_path / name)
    assert (verdict.allowed, verdict.source) == (False, SECRET_FILES)
    assert verdict.rule


@pytest.mark.parametrize("name", NO_SECRETS.split())
def test_source_and_templates_are_not_taken_for_secrets(tmp_path: Path, name: str) -> None:
    assert IgnoreRules().judge(tmp_path / name) == Verdict(True)


def test_no_ignore_file_takes_a_secret_back(repo: Path) -> None:
    write(repo, {".dgignore": "!.env\n!*\n", ".gitignore": "!.env\n", ".env": ""})
    assert rule(repo, ".env") == "- *.env built-in secret files"
