"""A headless Chromium on the running stack; without one on the machine these tests are skipped."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.facts import ROOT
from local.issuer import issue_token
from local.stack import Stack
from switchboard import runtime
from tests.e2e.town import Town

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
PICTURES = ROOT / ".local" / "pictures"
Open = Callable[..., Any]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, driven by Playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make browser")
    if not CHROMIUM:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Any, stack: Stack) -> Iterator[Open]:
    """Opens pages of the stack for a town's owner, and sees to it that none complains or asks elsewhere."""
    contexts: list[Any] = []
    complaints: list[str] = []
    addresses: list[str] = []

    def open_page(path: str = "/inbox", *, town: Town | None = None, base: str = "", **options: Any) -> Any:
        context = browser.new_context(base_url=base or stack.addresses.api_url, locale="en-US", **options)
        contexts.append(context)
        if town:
            token = issue_token(now=runtime.now(), org=town.org_id)
            context.add_init_script(f"sessionStorage.setItem('switchboard.token', '{token}')")
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: addresses.append(request.url))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    own = (stack.addresses.api_url, stack.addresses.twilio_url)
    assert [address for address in addresses if not address.startswith(own)] == []
    assert [one for one in complaints if "Failed to load resource" not in one] == []


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Any, str], Path]:
    """Keeps a picture of a page among the run's artifacts."""

    def take(page: Any, name: str) -> Path:
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}.png")
        return PICTURES / f"{name}.png"

    return take
