"""A group of commands of which one needs no name: `shelfcast third-month FILE` is `shelfcast third-month measure FILE`."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


def with_default(name: str) -> type[TyperGroup]:
    """The class of a group in which arguments that begin with no command go to the command `name`."""

    class WithDefault(TyperGroup):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
                args = [name, *args]
            return super().parse_args(ctx, args)

    return WithDefault
