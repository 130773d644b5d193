"""What is written: kept and removed lines, output folders, the manifest, Parquet, the data card, restore."""
