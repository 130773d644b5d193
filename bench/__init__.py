"""CurateBench: a benchmark for tools that check chat data for fine-tuning."""
