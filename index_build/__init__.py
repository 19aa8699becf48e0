"""What researchers run: ingest, build, verify and publish."""
