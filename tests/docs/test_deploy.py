"""The files that put workers behind a gateway agree with each other and with what Tunebook is."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKER = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
SERVICES = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
WORKERS = {name for name in SERVICES if name.startswith("worker")}
PORT = re.search(r"EXPOSE (\d+)", DOCKER).group(1)


def test_the_image_is_built_of_what_is_there():
    copied = [words.split() for words in re.findall(r"^COPY (?!--from)(.+)$", DOCKER, re.MULTILINE)]
    assert {name for words in copied for name in words[:-1]} >= {"pyproject.toml", "src"}
    assert all((ROOT / name).exists() for words in copied for name in words[:-1])
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    asked = re.search(r"'\.\[(.+)\]'", DOCKER).group(1).split(",")
    assert set(asked) <= set(extras)
    assert not any("torch" in need or "train" in need for name in asked for need in extras[name])


def test_every_address_is_that_of_a_worker():
    for file in ("nginx.conf", "prometheus.yml"):
        named = set(re.findall(r"([\w-]+):(\d+)[\";, ]", (DEPLOY / file).read_text(encoding="utf-8")))
        assert {name for name, port in named if port == PORT} == WORKERS, file
    assert len(WORKERS) == 2


def test_every_file_that_is_mounted_is_there():
    mounted = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())]
    files = [name for name in mounted if name.startswith("./")]
    assert len(files) == 2
    assert all((DEPLOY / name).is_file() for name in files)
    assert all((DEPLOY / SERVICES[name]["build"]["context"] / "deploy/Dockerfile").is_file() for name in WORKERS)


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not here")
def test_nginx_takes_its_configuration(tmp_path):
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    for name in WORKERS:  # names that only the network of the pods knows
        text = text.replace(name, "127.0.0.1")
    (tmp_path / "nginx.conf").write_text(text, encoding="utf-8")
    command = [
        "nginx",
        "-t",
        "-p",
        str(tmp_path),
        "-e",
        str(tmp_path / "error.log"),
        "-c",
        str(tmp_path / "nginx.conf"),
    ]
    found = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert found.returncode == 0, found.stderr
