"""Tells a story on the terminal while it happens, and stops it where it goes wrong. Plain text in a pipe."""

from rich.console import Console
from rich.markup import escape


class StoryBroken(AssertionError):
    """A step did not do what it should; the message says which."""


class Narrator:
    """Prints chapters, events and checks; counts the checks."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.checks = 0

    def chapter(self, title: str) -> None:
        """A new part of the story."""
        self._line(f"\n[bold]{escape(title)}[/bold]")

    def event(self, text: str) -> None:
        """Something that somebody does."""
        self._line(f"  {escape(text)}")

    def phone(self, owner: str, sender: str, body: str) -> None:
        """A text as it shows on somebody's telephone."""
        self._line(f"    [cyan]{escape(owner)}'s phone[/cyan]  from {sender}:  “{escape(body)}”")

    def check(self, what: str, holds: object) -> None:
        """Says that something holds. Raises StoryBroken where it does not."""
        if not holds:
            self._line(f"    [red]✗ {escape(what)}[/red]")
            raise StoryBroken(what)
        self.checks += 1
        self._line(f"    [green]✓[/green] {escape(what)}")

    def _line(self, text: str) -> None:
        self._console.print(text, highlight=False, soft_wrap=True)
