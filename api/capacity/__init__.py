"""From a table of admissions to the beds they may need: a table, a JSON file and a page."""
