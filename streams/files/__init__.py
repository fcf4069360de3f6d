"""Files for people: written whole, safe to open in a spreadsheet."""
