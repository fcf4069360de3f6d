"""Writes the generated parts of the documents and the clients, or checks them: `python -m deploy.docs [--check]`."""

import re
import sys
from pathlib import Path

from deploy.cli import COMMANDS
from deploy.clients.files import client_files
from deploy.commands import schema, settings

ROOT = Path(__file__).parents[1]
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
_COMMAND = re.compile(r"(?:^|[`\s])shelfcast ([a-z-]+)\b")


def settings_table() -> str:
    """Every environment variable as a Markdown table."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for row in settings.rows():
        default = f"`{row['default']}`" if row["default"] else ""
        lines.append(f"| `{row['variable']}` | {default} | {row['meaning'].replace('|', '/')} |")
    return "\n".join(dict.fromkeys(lines))


def with_settings(text: str) -> str:
    """The page of settings with a new table."""
    start, end = text.index("<!-- settings:"), text.index("<!-- /settings -->")
    head = text[start : text.index("-->", start) + 3]
    return text[:start] + head + "\n" + settings_table() + "\n" + text[end:]


def broken(file: Path) -> list[str]:
    """What is wrong in a document: broken links, commands that do not exist."""
    text, name = file.read_text(), file.relative_to(ROOT)
    found = [f"{name}: there is no {target}" for target in _LINK.findall(text) if not (file.parent / target).exists()]
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
    unknown = {command for command in _COMMAND.findall(code) if command not in COMMANDS}
    return found + [f"{name}: there is no command `shelfcast {command}`" for command in sorted(unknown)]


def main() -> None:
    """Write the generated parts; with --check, report what is out of date or broken, and exit with 1."""
    check, problems = "--check" in sys.argv[1:], []
    page = ROOT / "docs" / "settings.md"
    generated = {page: with_settings(page.read_text())}
    generated |= {ROOT / "docs" / "contract" / name: schema.text(make()) for name, make in schema.FILES.items()}
    generated |= client_files()
    for file, text in generated.items():
        if file.exists() and file.read_text() == text:
            continue
        if check:
            problems.append(f"{file.relative_to(ROOT)} is out of date: run `python -m deploy.docs`")
        else:
            file.write_text(text)
    for file in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        problems += broken(file)
    sys.stdout.write("\n".join([*problems, f"docs: {len(problems)} problems"]) + "\n")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
