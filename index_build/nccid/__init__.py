"""How the National COVID-19 Chest Imaging Database writes things down: layout, clinical JSON, dates."""
