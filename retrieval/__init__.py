"""The domain core: scans, cases, index, search and what it says of outcomes. Imports no other part of Scankin."""
