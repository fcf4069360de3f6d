"""From a question in English to one logical form; no database is asked, and no word is passed over."""
