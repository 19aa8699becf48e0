"""The commands of ``scankin``, by what they are about; importing a module adds its commands."""
