"""The commands of ``scankin-index``, by what they are about; importing a module adds its commands."""
