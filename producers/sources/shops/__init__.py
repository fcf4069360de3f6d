"""Ready mappings for the schemas of known shop databases."""

from pathlib import Path
from typing import Final

SHOPS: Final = {path.stem: path for path in sorted(Path(__file__).parent.glob("*.toml"))}
"""Mapping files by the name of their schema."""
