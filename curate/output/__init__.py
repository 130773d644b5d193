"""Write results: kept and removed lines, output folders, the manifest, Parquet, the data card, restored lines."""
