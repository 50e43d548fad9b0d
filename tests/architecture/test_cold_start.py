"""What a webhook's handler imports, because its caller waits for it on a cold start."""

import json
import subprocess
import sys

import pytest

from local.template import read_template
from tests.architecture.sources import PACKAGE, ROOT

SLOW = ("twilio.rest", "requests", "aiohttp", "alembic", "sqlalchemy", "rich")
WEBHOOKS = sorted(function.folder for function in read_template(ROOT / "template.yaml").functions if function.routes)

IMPORT = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("handler", sys.argv[1])
spec.loader.exec_module(importlib.util.module_from_spec(spec))
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize("folder", WEBHOOKS)
def test_a_webhook_imports_nothing_slow_and_needs_no_settings_to_be_imported(folder: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, f"{ROOT / folder}/handler.py"],
        env={"PYTHONPATH": str(PACKAGE.parent)}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    loaded = set(json.loads(done.stdout))
    assert "switchboard.runtime" in loaded
    assert loaded & set(SLOW) == set()
