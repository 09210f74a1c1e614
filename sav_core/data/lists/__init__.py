"""Lists of examples, as JSON lines, tables, chats or Parquet files, become listed examples."""
