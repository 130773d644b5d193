"""Read the model calls of traces: exports of Langfuse, LangSmith and OpenTelemetry GenAI."""
