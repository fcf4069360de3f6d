"""Files for people: written completely or not at all, and safe to open in a spreadsheet."""
